import Files
import Steps

/// A text that somebody asked for with an option that names its file.
package struct OutputText: Sendable {
  private let name: String
  private let option: String

  /// What messages say: what is written, and the option that names the file.
  package init(of name: String, option: String) {
    self.name = name
    self.option = option
  }

  /// Writes the file at once, replacing one that is there.
  ///
  /// - Throws: `TrainingError` (exit code 73) for a place that this user cannot write; `FileError` (74)
  ///   if the disk is full or fails.
  package func write(_ text: String, to path: String) throws {
    do throws(FileError) {
      try AtomicFile().write(text, to: path)
    } catch {
      guard error.kind == .notWritable || error.cause?.isDenied == true else { throw error }
      throw TrainingError(
        .cannotCreate,
        "\(name): \(path): found a place that cannot be written "
          + "(\(error.cause?.description ?? error.detail)); expected a file in a folder of this user's; "
          + "choose another \(option)")
    }
  }
}
