/// A run folder that cannot be read: one line with what, where, found, expected, what to do.
package struct ReportError: Error, CustomStringConvertible, Sendable {
  /// The line.
  package let description: String
}
