/// A type that keys can have: how it is read, written and described.
protocol RecipeValue: Sendable, Equatable {
  /// "an integer", "true or false": for messages and the reference table.
  static var expected: String { get }
  /// The words that may stand there, if they are few.
  static var choices: [String] { get }
  /// The value, or nil if something of another type is written.
  init?(_ written: Written)
  /// What is wrong with something that is no value, in words; nil where showing it says enough.
  static func fault(of written: Written) -> String?
  /// The value as YAML; reading it gives the value again.
  var yaml: String { get }
}

extension RecipeValue {
  static var choices: [String] { [] }
  static func fault(of written: Written) -> String? { nil }
}

extension Bool: RecipeValue {
  static var expected: String { "true or false" }
  static var choices: [String] { ["true", "false"] }
  init?(_ written: Written) {
    guard let word = written.word, Self.choices.contains(word) else { return nil }
    self = word == "true"
  }
  var yaml: String { self ? "true" : "false" }

  /// The word that somebody means who writes another of YAML 1.1's; nil if it is none of them, or the
  /// choices are not those of a truth value.
  static func word(for text: String, among words: [String]) -> String? {
    guard words == choices else { return nil }
    switch text.lowercased() {
    case "yes", "y", "on", "true", "1": return "true"
    case "no", "n", "off", "false", "0": return "false"
    default: return nil
    }
  }
}

extension Int: RecipeValue {
  static var expected: String { "an integer" }
  init?(_ written: Written) {
    guard let word = written.word else { return nil }
    let digits = word.hasPrefix("-") ? word.dropFirst() : word[...]
    guard !digits.isEmpty, digits.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
    // More digits than Int holds: out of any range.
    self = Int(word) ?? (word.hasPrefix("-") ? .min : .max)
  }
  var yaml: String { "\(self)" }
}

extension Double: RecipeValue {
  static var expected: String { "a number" }
  init?(_ written: Written) {
    // Only decimal notation: Double() would also take nan, inf and hexadecimal.
    guard let word = written.word, word.utf8.allSatisfy("0123456789+-.eE".utf8.contains),
      let value = Double(word)
    else { return nil }
    self = value
  }
  /// The shortest decimal that reads back as the same number; with a point, so that YAML 1.1 readers
  /// see a number.
  var yaml: String {
    let text = "\(self)"
    guard let e = text.firstIndex(of: "e"), !text[..<e].contains(".") else { return text }
    return text[..<e] + ".0" + text[e...]
  }
}

extension String: RecipeValue {
  static var expected: String { "text" }
  init?(_ written: Written) {
    guard let text = written.text, !text.isEmpty, !text.utf8.contains(0), text.utf8.count <= 4096
    else { return nil }
    self = text
  }
  /// Plain where every YAML reader takes it for text, else in double quotes.
  var yaml: String {
    func isPlain(_ byte: UInt8) -> Bool {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        true
      default: "/._-".utf8.contains(byte)
      }
    }
    let isPathLike = contains("/") || contains(".") && first?.isLetter == true
    if isPathLike, utf8.allSatisfy(isPlain), first != "-" { return self }
    var text = "\""
    for scalar in unicodeScalars {
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned:
        let digits = String(scalar.value, radix: 16, uppercase: true)
        text += "\\U" + String(repeating: "0", count: 8 - digits.count) + digits
      default:
        if scalar == "\"" || scalar == "\\" { text += "\\" }
        text.unicodeScalars.append(scalar)
      }
    }
    return text + "\""
  }
}

/// One of a few words; the raw values are what a recipe says.
protocol RecipeChoice: RecipeValue, RawRepresentable<String>, CaseIterable {}

extension RecipeChoice {
  static var choices: [String] { allCases.map(\.rawValue) }
  static var expected: String { expected(with: nil) }

  /// The words that may stand there, after one more: `auto, a or b`.
  static func expected(with other: String?) -> String {
    let words = (other.map { [$0] } ?? []) + choices
    return words.count == 1
      ? words[0]
      : words.dropLast().joined(separator: ", ") + " or " + (words.last ?? "")
  }
  init?(_ written: Written) {
    guard let word = written.text else { return nil }
    self.init(rawValue: word)
  }
  var yaml: String { rawValue }
}

extension [Double] {
  /// The numbers of a list, or nil if something else is written.
  init?(_ written: Written) {
    guard case .list(let values) = written.form else { return nil }
    self = []
    for value in values {
      guard let number = Double(value) else { return nil }
      append(number)
    }
  }
  var yaml: String { "[" + map(\.yaml).joined(separator: ", ") + "]" }
}
