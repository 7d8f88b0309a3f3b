extension Recipe {
  /// The methods that stand beside the task loss, in order.
  public struct Methods: RecipeValue {
    /// One of them.
    public struct Choice: Sendable, Equatable {
      /// What stands behind `name`.
      public var name: String
      /// The other keys with their texts, in order; paths absolute.
      public var options: [Option]
      /// Where it stands, for messages; recipes that say the same in other places are equal.
      public var place: String

      /// Whether they say the same.
      public static func == (a: Choice, b: Choice) -> Bool {
        a.name == b.name && a.options == b.options
      }
    }

    /// A key of a method and its text.
    public struct Option: Sendable, Equatable {
      /// As `weight`.
      public var key: String
      /// As it is written.
      public var text: String

      /// Whether the text names a file, absolutely.
      public var isPath: Bool { text.contains("/") }
    }

    /// The methods.
    public var list: [Choice] = []

    /// The methods without the files that they name, for those who compare the files themselves.
    public var withoutFiles: Methods {
      var methods = self
      for place in methods.list.indices { methods.list[place].options.removeAll(where: \.isPath) }
      return methods
    }
  }

  /// What RDD's difficulty weighs.
  public enum MapScope: String, RecipeChoice, CaseIterable {
    /// The task loss.
    case task
    /// The methods' losses of pixels; the task loss is the plain cross entropy.
    case distill
    /// Both.
    case both
  }
}

extension Recipe.Methods {
  static var expected: String { "a list of {name: METHOD, OPTION: VALUE}" }

  init?(_ written: Written) {
    guard case .list(let items) = written.form, items.count <= 32 else { return nil }
    for item in items {
      guard case .section(let entries) = item.form else { return nil }
      var choice = Choice(name: "", options: [], place: item.place.name)
      for entry in entries {
        guard let text = entry.value.text, Self.isPlain(text), Self.isPlain(entry.key) else {
          return nil
        }
        if entry.key == "name" {
          choice.name = text
        } else {
          let path = absolutePath(text, from: item.place.folder)
          choice.options.append(
            Option(key: entry.key, text: text.contains("/") ? path : text))
        }
      }
      guard !choice.name.isEmpty else { return nil }
      list.append(choice)
    }
  }

  /// Names, numbers and paths; nothing that needs quotes in YAML.
  private static func isPlain(_ text: String) -> Bool {
    !text.isEmpty && text.utf8.count <= 1024
      && text.utf8.allSatisfy { byte in
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
          || "/._+-".utf8.contains(byte)
      }
  }

  var yaml: String {
    let items = list.map { choice in
      let pairs = [("name", choice.name)] + choice.options.map { ($0.key, $0.text) }
      return "{" + pairs.map { "\($0.0): \($0.1)" }.joined(separator: ", ") + "}"
    }
    return "[" + items.joined(separator: ", ") + "]"
  }
}
