import Files
import Glibc

/// The XXH3 hash of a file's bytes, with what tells whether it has changed since.
package struct FileHash: Equatable, Sendable {
  /// 32 lower-case hexadecimal digits.
  package let digits: String
  /// Bytes of the file.
  package let byteCount: Int
  /// What else tells a file from the one that it was.
  package let mark: Mark

  /// What tells a file from the one that it was, beside its size.
  package typealias Mark = FileMark

  private static let unread = String(repeating: "0", count: DataHash.digitCount)

  /// A hash that was made earlier.
  package init(digits: String, byteCount: Int, mark: Mark) {
    self.digits = digits
    self.byteCount = byteCount
    self.mark = mark
  }

  /// Hashes a regular file, unless it has the size and the mark of `earlier`.
  ///
  /// - Parameters:
  ///   - path: the file.
  ///   - bySizeAlone: whether its bytes are not read; the digits are zeros then.
  ///   - earlier: what it was.
  /// - Throws: `FileError` if it cannot be read.
  package init(
    _ path: String, bySizeAlone: Bool = false, earlier: FileHash? = nil
  ) throws(FileError) {
    // Not blocking: opening a pipe that nobody writes must not wait.
    let descriptor: Int32
    do throws(SystemError) {
      descriptor = try checked(open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK))
    } catch {
      throw .system(path, "open", error)
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw .system(path, "fstat", SystemError(code: errno))
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw .refused(
        path, found: "a folder, device or pipe", expected: "a regular file",
        advice: "correct the list")
    }
    byteCount = Int(status.st_size)
    mark = Mark(status, of: descriptor)
    let isKnown = earlier.map { bySizeAlone || $0.digits != Self.unread } ?? false
    if isKnown, let earlier, earlier.byteCount == byteCount, earlier.mark == mark {
      digits = earlier.digits
      return
    }
    guard !bySizeAlone else {
      digits = Self.unread
      return
    }
    var hash = DataHash()
    var failure: Int32?
    withUnsafeTemporaryAllocation(byteCount: 1 << 18, alignment: 64) { buffer in
      while true {
        let count = read(descriptor, buffer.baseAddress, buffer.count)
        if count < 0 && errno == EINTR { continue }
        if count < 0 { failure = errno }
        guard count > 0 else { return }
        hash.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
      }
    }
    if let failure { throw .system(path, "read", SystemError(code: failure)) }
    digits = hash.digits
  }

  /// The hash of a text.
  package static func of(_ text: String) -> String { of(Array(text.utf8)) }

  /// The hash of bytes, as `digits` is that of a file with these bytes.
  package static func of(_ bytes: [UInt8]) -> String {
    var hash = DataHash()
    hash.update(bytes)
    return hash.digits
  }
}
