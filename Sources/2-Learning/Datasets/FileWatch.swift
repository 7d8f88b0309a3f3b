import Files
import ImageIO

/// Looks at each file that a sample is read from: whether it still has the content that a run began with.
package struct FileWatch: Sendable {
  /// Whether a file is as it was. Called from many threads at once.
  ///
  /// The files of all samples are counted in their order, from 0. The mark was taken after the bytes were
  /// read.
  private let isAsBefore: @Sendable (_ file: Int, FileMark, _ bytes: [UInt8]) -> Bool

  /// A watch that asks `isAsBefore` for the number of a file, its mark and its bytes.
  package init(isAsBefore: @escaping @Sendable (Int, FileMark, [UInt8]) -> Bool) {
    self.isAsBefore = isAsBefore
  }

  /// Stops a file whose content is another one than at the run's start.
  func check(
    _ file: Int, _ path: String, _ mark: FileMark, _ bytes: [UInt8]
  ) throws(ImageError) {
    guard !isAsBefore(file, mark, bytes) else { return }
    throw ImageError(
      .changed, path: path,
      reason: "changed since this run began: found another content, of \(bytes.count) bytes; "
        + "expected that of the start; put the file back, and the same command goes on")
  }
}
