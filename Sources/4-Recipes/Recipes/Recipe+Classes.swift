import Datasets
import Files

extension Recipe {
  /// Names and colours of the classes, in their order; none where the data set's own are meant.
  package struct Classes: RecipeValue {
    /// One of them.
    package struct Item: Sendable, Equatable {
      /// What reports and tables call it; no two are called the same.
      package var name: String
      /// Red, green and blue of pictures; nil for a colour of the program's.
      package var colour: [UInt8]?
    }

    /// The classes.
    package var list: [Item] = []
  }

  /// The rule of `data.classes` that does not hold.
  var classesConflict: Conflict? {
    let count = data.ownClasses.list.count
    guard count > 0 else { return nil }
    if data.kind == .scenes {
      return Conflict(
        key: "data.classes", found: "data.classes with data.kind: scenes",
        expected: "no names: those of the scenes are known", remedy: "remove data.classes")
    }
    guard count != data.classCount else { return nil }
    return Conflict(
      key: "data.classes", found: "data.classes: \(count) names",
      expected: "\(data.classCount), one for each class",
      remedy: "name them all, in the order of their indices, or correct data.num_classes")
  }
}

extension Recipe.Classes {
  static var expected: String { "a list of {name: NAME, colour: [R, G, B]}, or of names" }

  init?(_ written: Written) {
    guard case .list(let values) = written.form, values.count <= ClassList.maximumCount else {
      return nil
    }
    for value in values {
      guard let item = Item(value) else { return nil }
      list.append(item)
    }
    guard Set(list.map(\.name)).count == list.count else { return nil }
  }

  static func fault(of written: Written) -> String? {
    guard case .list(let values) = written.form else { return nil }
    guard values.count <= ClassList.maximumCount else {
      return "\(values.count) names, where labels can name \(ClassList.maximumCount) classes"
    }
    var names: Set<String> = []
    for (index, value) in values.enumerated() {
      guard let name = Item.name(in: value) else { continue }
      if let fault = Item.fault(of: name) {
        return "name \(index + 1), \(quoted(name)), \(fault)"
      }
      guard names.insert(name).inserted else { return "the name \(quoted(name)) twice" }
    }
    return nil
  }

  var yaml: String { "[" + list.map(\.yaml).joined(separator: ", ") + "]" }
}

extension Recipe.Classes.Item {
  /// The most bytes of a name: tables and legends have to hold it.
  private static let nameBytes = 100

  fileprivate init?(_ written: Written) {
    guard let name = Self.name(in: written), Self.fault(of: name) == nil else { return nil }
    self.init(name: name)
    if case .section(let entries) = written.form {
      for entry in entries where entry.key != "name" {
        guard entry.key == "colour" || entry.key == "color", colour == nil,
          let colour = Self.colour(entry.value)
        else { return nil }
        self.colour = colour
      }
    }
  }

  /// The name that an item of the list gives; nil if it gives none.
  fileprivate static func name(in written: Written) -> String? {
    switch written.form {
    case .scalar: String(written)
    case .list: nil
    case .section(let entries): entries.first { $0.key == "name" }.flatMap { String($0.value) }
    }
  }

  /// What keeps a text from being a name, in words; nil if nothing does.
  fileprivate static func fault(of name: String) -> String? {
    if name != name.onOneLine { return "which has a control character" }
    return name.utf8.count <= nameBytes
      ? nil : "which is longer than \(nameBytes) bytes"
  }

  /// From `[128, 64, 128]`, or `804080` with or without a number sign before it.
  private static func colour(_ written: Written) -> [UInt8]? {
    if case .list(let values) = written.form {
      let channels = values.compactMap { Int($0).flatMap { UInt8(exactly: $0) } }
      return channels.count == 3 && values.count == 3 ? channels : nil
    }
    guard let text = written.text else { return nil }
    let digits = text.hasPrefix("#") ? text.dropFirst() : text[...]
    guard digits.utf8.count == 6, digits.allSatisfy(\.isHexDigit),
      let value = UInt32(digits, radix: 16)
    else { return nil }
    return [16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
  }

  fileprivate var yaml: String {
    // In quotes whatever it is: a name may look like a number or a word of YAML's.
    let quoted = name.yaml.hasPrefix("\"") ? name.yaml : "\"\(name)\""
    let colour = colour.map { ", colour: [" + $0.map { "\($0)" }.joined(separator: ", ") + "]" }
    return "{name: \(quoted)\(colour ?? "")}"
  }
}
