/// What is wrong with a recipe, in one line: what, where, found, expected, what to do.
package struct RecipeError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The kind of mistake.
  package var kind: Kind
  /// Where it stands: `file:line`, `--set key=value`, or the file alone.
  package var place: String
  /// What stands there.
  package var found: String
  /// What may stand there.
  package var expected: String
  /// What to do about it.
  package var remedy: String

  /// The kinds of mistakes in recipes.
  package enum Kind: String, Sendable {
    /// The file cannot be opened or read.
    case unreadable = "cannot read the recipe"
    /// Larger, deeper or richer than a recipe may be.
    case limit = "not a recipe"
    /// The text is not YAML.
    case syntax = "not YAML"
    /// No such key.
    case unknownKey = "unknown key"
    /// One key stands twice.
    case duplicateKey = "key given twice"
    /// A value of another type.
    case wrongType = "wrong type"
    /// A value of the right type that is not allowed.
    case outOfRange = "value out of range"
    /// A key without which the others make no sense.
    case missing = "key missing"
    /// Two keys that exclude each other.
    case conflict = "keys do not agree"
  }

  /// One line: `what: where: found; expected; what to do`.
  package var description: String {
    let line =
      "\(kind.rawValue): \(place): found \(found); expected \(expected); \(remedy)"
    return line.onOneLine
  }
}

extension String {
  /// The text with every control character, line ends included, replaced by a question mark.
  var onOneLine: String {
    String(
      String.UnicodeScalarView(
        unicodeScalars.map {
          $0.properties.generalCategory == .control
            || $0.properties.generalCategory == .lineSeparator
            || $0.properties.generalCategory == .paragraphSeparator ? "?" : $0
        }))
  }

  /// The text in quotes, cut to what fits into a message.
  var quotedForMessage: String {
    count > 80 ? "'\(prefix(77))...'" : "'\(self)'"
  }
}
