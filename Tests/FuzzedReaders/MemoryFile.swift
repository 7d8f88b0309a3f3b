import Files
import Glibc
import WeightFiles

/// One file in memory, read front to back.
final class MemoryFile: @unchecked Sendable {
  private let bytes: [UInt8]
  private var position = 0

  private init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// The calls on files, of which every path names a file of `bytes`; for one reader at a time.
  static func store(_ bytes: [UInt8]) -> FileStore {
    let file = MemoryFile(bytes)
    var files = FileStore()
    files.open = { _, _, _ throws(SystemError) in
      file.position = 0
      return 3
    }
    files.close = { _ throws(SystemError) in }
    files.byteCount = { _ throws(SystemError) in bytes.count }
    files.read = { _, buffer throws(SystemError) in
      let count = min(buffer.count, bytes.count - file.position)
      buffer.copyBytes(from: bytes[file.position..<file.position + count])
      file.position += count
      return count
    }
    return files
  }
}
