/// A file of lines that grows at its end, such as the measurements of a run.
///
/// A line that cannot be written is lost and counted; it neither ends the run nor tears the next line.
package final class LineFile {
  private let file: RecordFile
  /// Whether there was no file before.
  package let isNew: Bool
  /// Lines that could not be written.
  package private(set) var lost = 0

  private static let newline = UInt8(ascii: "\n")

  /// Opens `path` to append to, with what is left of an older file; its other lines are removed.
  ///
  /// - Parameters:
  ///   - path: the file; it is made if it is missing. A link is replaced, not followed.
  ///   - files: what writes.
  ///   - isKept: whether a line, without its line feed, stays.
  /// - Throws: `FileError` if there is a file that cannot be read, or it cannot be written.
  package init(
    _ path: String, files: FileStore = FileStore(),
    keeping isKept: (ArraySlice<UInt8>) -> Bool = { _ in true }
  ) throws(FileError) {
    var kept: [UInt8] = []
    let lines = try Self.lines(path, files: files)
    isNew = lines == nil
    for line in lines ?? [] where isKept(line) {
      kept += line
      kept.append(Self.newline)
    }
    try AtomicFile(files: files).write([ByteRegion(copying: kept)], to: path)
    file = try RecordFile(path, byteCount: kept.count, files: files)
  }

  /// The lines of a file without their line feeds, empty ones left out; nil if there is no such file.
  package static func lines(
    _ path: String, files: FileStore = FileStore()
  ) throws(FileError) -> [ArraySlice<UInt8>]? {
    try WholeFile.bytes(path, files: files)?.split(separator: newline)
  }

  /// Appends a line, which holds no line feed.
  package func append(_ line: some Sequence<UInt8>) {
    do throws(FileError) {
      try file.append(Array(line) + [Self.newline])
    } catch {
      lost += 1
    }
  }
}
