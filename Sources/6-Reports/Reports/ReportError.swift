/// A run folder that cannot be read: one line with what, where, found, expected, what to do.
public struct ReportError: Error, CustomStringConvertible, Sendable {
  /// The line.
  public let description: String
}
