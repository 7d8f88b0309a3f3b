/// A file of lines that grows at its end, such as the measurements of a run.
///
/// A line that cannot be written is lost and counted; it neither ends the run nor tears the next line. Where
/// somebody has replaced, removed or cut the file meanwhile, lines go on in what lies at its path then.
package final class LineFile {
  private let path: String
  private let files: FileStore
  private let warn: (String) -> Void
  private var file: RecordFile
  /// Whether there was no file before.
  package let isNew: Bool
  /// Lines in the file.
  package private(set) var count = 0
  /// Lines that could not be written.
  package private(set) var lost = 0

  private static let newline = UInt8(ascii: "\n")

  /// Opens `path` to append to, with what is left of an older file; its other lines are removed.
  ///
  /// - Parameters:
  ///   - path: the file; it is made if it is missing. A link is replaced, not followed.
  ///   - files: what writes.
  ///   - warn: told when the file is another one, and how many lines are gone with the first.
  ///   - isKept: whether a line, without its line feed, stays.
  /// - Throws: `FileError` if there is a file that cannot be read, or it cannot be written.
  package init(
    _ path: String, files: FileStore = FileStore(), warn: @escaping (String) -> Void = { _ in },
    keeping isKept: (ArraySlice<UInt8>) -> Bool = { _ in true }
  ) throws(FileError) {
    (self.path, self.files, self.warn) = (path, files, warn)
    var kept: [UInt8] = []
    let lines = try Self.lines(path, files: files)
    isNew = lines == nil
    for line in lines ?? [] where isKept(line) {
      kept += line
      kept.append(Self.newline)
      count += 1
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
      if !file.isInPlace { try goOn() }
      try file.append(Array(line) + [Self.newline])
      count += 1
    } catch {
      lost += 1
    }
  }

  /// Brings all lines to the disk, as far as it can be done.
  package func sync() { file.sync() }

  /// Takes what lies at the path now, or makes the file anew.
  private func goOn() throws(FileError) {
    let bytes = try WholeFile.bytes(path, files: files)
    let before = count
    if let bytes {
      file = try RecordFile(path, byteCount: bytes.count, files: files)
      count = bytes.split(separator: Self.newline).count
      if let last = bytes.last, last != Self.newline { try file.append([Self.newline]) }
    } else if let new = try RecordFile(new: path, files: files) {
      (file, count) = (new, 0)
    }
    let missing = max(0, before - count)
    warn(
      "\(oneLine(path)): found \(bytes == nil ? "none" : "another file or a shorter one"), since somebody "
        + "changed it meanwhile; the next lines go there, and \(missing) of \(before) are missing")
  }
}
