import Foundation

/// JSON as this program writes it: keys in alphabetical order, slashes as they are.
package enum JSONText {
  /// An encoder of that form, for many values.
  ///
  /// - Parameters:
  ///   - isPretty: whether each value has a line of its own.
  ///   - spellsNumbers: whether what is not finite is a word, `inf`, `-inf` or `nan`; else it is an error.
  package static func encoder(
    isPretty: Bool = false, spellsNumbers: Bool = false
  ) -> JSONEncoder {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    if isPretty { encoder.outputFormatting.insert(.prettyPrinted) }
    if spellsNumbers {
      encoder.nonConformingFloatEncodingStrategy = .convertToString(
        positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    }
    return encoder
  }

  /// The text of one value; see `encoder`.
  ///
  /// - Throws: what the value's encoding throws, or for a number that is not finite.
  package static func of(
    _ value: some Encodable, isPretty: Bool = false, spellsNumbers: Bool = false
  ) throws -> String {
    let encoder = encoder(isPretty: isPretty, spellsNumbers: spellsNumbers)
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }
}
