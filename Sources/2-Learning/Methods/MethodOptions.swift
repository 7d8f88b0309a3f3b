/// An option of a method, as recipes give it.
package struct MethodOption: Sendable {
  /// What may stand there.
  package enum Kind: Sendable, Equatable {
    /// A number of a range.
    case number(ClosedRange<Double>)
    /// A whole number of a range.
    case integer(ClosedRange<Int>)
    /// One of some words.
    case word([String])
    /// A file, or `none`.
    case path
  }

  /// The name in recipes.
  package let name: String
  /// What stands there if the recipe says nothing.
  package let initial: String
  /// What may stand there.
  package let kind: Kind
  /// One line for the reference.
  package let meaning: String
  /// The name that older recipes use; it is read and not documented.
  package var formerName: String?

  /// A number of a range.
  package static func number(
    _ name: String, _ initial: Double, _ range: ClosedRange<Double>, _ meaning: String
  ) -> MethodOption {
    MethodOption(name: name, initial: "\(initial)", kind: .number(range), meaning: meaning)
  }
  /// A factor: a number from 0 to a million.
  package static func factor(
    _ name: String, _ initial: Double, _ meaning: String
  ) -> MethodOption { number(name, initial, 0...1e6, meaning) }
  /// A whole number of a range.
  package static func integer(
    _ name: String, _ initial: Int, _ range: ClosedRange<Int>, _ meaning: String
  ) -> MethodOption {
    MethodOption(name: name, initial: "\(initial)", kind: .integer(range), meaning: meaning)
  }
  /// One of some words, the first by default; older recipes may call it by another name.
  package static func word(
    _ name: String, formerly formerName: String? = nil, _ words: [String], _ meaning: String
  ) -> MethodOption {
    MethodOption(
      name: name, initial: words[0], kind: .word(words), meaning: meaning, formerName: formerName)
  }
  /// A file, `none` by default.
  package static func path(_ name: String, _ meaning: String) -> MethodOption {
    MethodOption(name: name, initial: "none", kind: .path, meaning: meaning)
  }

  /// What may stand there, in words.
  package var expected: String {
    switch kind {
    case .number(let range): "a number from \(range.lowerBound) to \(range.upperBound)"
    case .integer(let range): "an integer from \(range.lowerBound) to \(range.upperBound)"
    case .word(let words): words.joined(separator: ", ")
    case .path: "a path or none"
    }
  }

  /// Whether a recipe's key means it.
  func isNamed(_ key: String) -> Bool { key == name || key == formerName }

  /// Whether a text is one of its values.
  func admits(_ text: String) -> Bool {
    switch kind {
    case .number(let range): Double(text).map(range.contains) ?? false
    case .integer(let range): Int(text).map(range.contains) ?? false
    case .word(let words): words.contains(text)
    case .path: !text.isEmpty
    }
  }
}

/// A method as a recipe lists it.
package struct ChosenMethod: Sendable {
  /// What stands behind `name`.
  package let name: String
  /// The other keys with their texts, `weight` among them.
  package let options: [(key: String, text: String)]
  /// Where it stands, for messages.
  package let place: String

  /// A method with options by text.
  package init(
    _ name: String, _ options: [(key: String, text: String)] = [],
    place: String = "distill.methods"
  ) {
    self.name = name
    self.options = options
    self.place = place
  }
}

/// The options of one method, all of them valid.
package struct MethodOptions: Sendable {
  /// Where the method stands in the recipe, for messages.
  package let place: String
  /// The factor of all terms.
  package let weight: Double
  private let texts: [String: String]

  /// Checks what a recipe says against a method's card.
  ///
  /// - Throws: `MethodError` for an option that does not exist or a value that it cannot have.
  init(_ chosen: ChosenMethod, _ card: MethodCard) throws(MethodError) {
    let weight = MethodOption.factor("weight", card.weight, "Factor of all its terms.")
    let known = [weight] + card.options
    var texts = Dictionary(uniqueKeysWithValues: known.map { ($0.name, $0.initial) })
    var seen: Set<String> = []
    for (key, text) in chosen.options {
      guard let option = known.first(where: { $0.isNamed(key) }) else {
        throw MethodError(
          "unknown option", place: chosen.place, found: "\(card.name) with \(key)",
          expected: known.map(\.name).joined(separator: ", "), remedy: "correct the name")
      }
      guard seen.insert(option.name).inserted else {
        throw MethodError(
          place: chosen.place, found: "\(key) of \(card.name) twice", expected: "every key once",
          remedy: "remove one of them")
      }
      guard option.admits(text) else {
        throw MethodError(
          "wrong value", place: chosen.place, found: "\(key) '\(text.prefix(40))' of \(card.name)",
          expected: option.expected, remedy: "correct the value")
      }
      texts[option.name] = text
    }
    place = chosen.place
    self.texts = texts
    self.weight = Double(texts["weight"] ?? "") ?? card.weight
  }

  /// The text of an option that the method's card has.
  package func word(_ name: String) -> String {
    guard let text = texts[name] else {
      preconditionFailure("MethodOptions: no \(name); expected an option of the card")
    }
    return text
  }

  /// The number of an option that the card has as a number.
  package subscript(_ name: String) -> Double {
    guard let value = Double(word(name)) else {
      preconditionFailure("MethodOptions: \(name) is \(word(name)); expected a number")
    }
    return value
  }

  /// The whole number of an option that the card has as one.
  package func integer(_ name: String) -> Int { Int(self[name]) }

  /// The file of an option; nil for `none`.
  package func path(_ name: String) -> String? { word(name) == "none" ? nil : word(name) }

  /// An error about this method.
  package func refused(found: String, expected: String, remedy: String) -> MethodError {
    MethodError(place: place, found: found, expected: expected, remedy: remedy)
  }
}
