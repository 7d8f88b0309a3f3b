/// A file of reference numbers that cannot be read or is of no known kind; one line.
package struct ParityError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What, where, found, expected, what to do.
  package let description: String

  /// An error about a place in a file.
  init(_ path: String, _ place: String, found: String, expected: String) {
    description =
      "parity file refused: \(path): \(place): found \(found); expected \(expected); "
      + "use a file of the golden format"
  }

  /// An error that another module describes.
  init(_ error: any Error) { description = "parity file refused: \(error)" }
}
