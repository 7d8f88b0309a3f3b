import Glibc

/// Reading of whole files that are not weights.
package enum WholeFile {
  /// The bytes of a regular file; nil only where there is no such file.
  ///
  /// - Parameters:
  ///   - path: the file.
  ///   - limit: the most bytes that are read; a longer file is refused.
  /// - Throws: `FileError` for whatever else stands in the way: a file that cannot be read is not an
  ///   absent one.
  package static func bytes(
    _ path: String, limit: Int = .max, files: FileStore = FileStore()
  ) throws(FileError) -> [UInt8]? {
    do throws(FileError) {
      let file = try InputFile.open(path, files: files)
      guard file.byteCount <= limit else {
        throw .refused(
          path, found: "\(file.byteCount) bytes", expected: "at most \(limit)",
          advice: "give another file")
      }
      return try file.bytes(file.byteCount)
    } catch {
      if error.kind == .missing { return nil }
      throw error
    }
  }
}
