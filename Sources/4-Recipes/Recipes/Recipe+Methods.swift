extension Recipe {
  /// The methods that stand beside the task loss, in order.
  package struct Methods: RecipeValue {
    /// One of them.
    package struct Choice: Sendable, Equatable {
      /// What stands behind `name`.
      package var name: String
      /// The other keys with their texts, in order; paths absolute.
      package var options: [Option]
      /// Where it stands, for messages; recipes that say the same in other places are equal.
      package var place: String

      /// Whether they say the same.
      package static func == (a: Choice, b: Choice) -> Bool {
        a.name == b.name && a.options == b.options
      }
    }

    /// A key of a method and its text.
    package struct Option: Sendable, Equatable {
      /// As `weight`.
      package var key: String
      /// As it is written.
      package var text: String

      /// Whether the text names a file, absolutely.
      package var isPath: Bool { text.contains("/") }
    }

    /// The methods.
    package var list: [Choice] = []

    /// The methods without the files that they name, for those who compare the files themselves.
    package var withoutFiles: Methods {
      var methods = self
      for place in methods.list.indices { methods.list[place].options.removeAll(where: \.isPath) }
      return methods
    }
  }

  /// Which losses the difficulty map weights.
  package enum MapScope: String, RecipeChoice, CaseIterable {
    /// The task loss alone.
    case task
    /// The per-pixel losses of the methods; the task loss is then the unweighted cross entropy.
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
