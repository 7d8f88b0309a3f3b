import Glibc

/// Reading of whole files that are not weights.
package enum WholeFile {
  /// The bytes of a regular file; nil only where there is no such file.
  ///
  /// - Parameters:
  ///   - path: the file.
  ///   - limit: the most bytes that it may have; a longer file is refused.
  ///   - prefix: the most bytes that are read of it.
  ///   - files: what reads.
  /// - Throws: `FileError` for whatever else stands in the way: a file that cannot be read is not an
  ///   absent one.
  package static func bytes(
    _ path: String, limit: Int = .max, prefix: Int = .max, files: FileStore = FileStore()
  ) throws(FileError) -> [UInt8]? {
    do throws(FileError) {
      let file = try InputFile.open(path, files: files)
      guard file.byteCount <= limit else {
        throw .refused(
          path, found: "\(file.byteCount) bytes", expected: "at most \(limit)",
          advice: "give another file")
      }
      return try file.bytes(min(file.byteCount, prefix))
    } catch {
      switch error.kind {
      case .missing: return nil
      case .refused: throw FileError(kind: .unsuitable, path: path, detail: error.detail)
      default: throw error
      }
    }
  }

  /// The text of a regular file without a byte order mark; nil only where there is no such file.
  ///
  /// - Throws: as `bytes(_:limit:prefix:files:)`, and for bytes that are not UTF-8.
  package static func text(
    _ path: String, limit: Int = .max, files: FileStore = FileStore()
  ) throws(FileError) -> String? {
    guard let bytes = try bytes(path, limit: limit, files: files) else { return nil }
    if let found = TextBytes.fault(bytes) {
      throw FileError(
        kind: .unsuitable, path: path,
        detail: "found \(found); expected text in UTF-8; save it as such")
    }
    return String(decoding: bytes[TextBytes.markCount(bytes)...], as: UTF8.self)
  }
}

/// Text as it lies in files: UTF-8, with or without a byte order mark.
package enum TextBytes {
  /// The bytes of the byte order mark of UTF-8 at the beginning: 3, or 0 where there is none.
  package static func markCount(_ bytes: [UInt8]) -> Int {
    bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
  }

  /// What stands there in place of text in UTF-8; nil if it is such text.
  package static func fault(_ bytes: [UInt8]) -> String? {
    if isUTF16(bytes) { return "text in UTF-16" }
    if String(validating: bytes, as: UTF8.self) != nil { return nil }
    let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    let line = lines.firstIndex { String(validating: $0, as: UTF8.self) == nil } ?? 0
    return "bytes that are not UTF-8 in line \(line + 1)"
  }

  /// Whether bytes are text in UTF-16: by its byte order mark, or since every other byte is 0.
  package static func isUTF16(_ bytes: [UInt8]) -> Bool {
    if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) { return true }
    let start = Array(bytes.prefix(8))
    guard start.count == 8 else { return false }
    return (0...1).contains { first in
      start.indices.allSatisfy { (start[$0] == 0) == ($0 % 2 == first) }
    }
  }
}
