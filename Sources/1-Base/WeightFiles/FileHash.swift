import Files
import Glibc
import Synchronization

/// The XXH3 hash of a file's bytes, with what tells whether it has changed since.
package struct FileHash: Equatable, Sendable {
  /// 32 lower-case hexadecimal digits.
  package let digits: String
  /// Bytes of the file.
  package let byteCount: Int
  /// What else tells a file from the one that it was.
  package let mark: Mark

  /// Times and place of a file. Who changes its content cannot keep all of them.
  package struct Mark: Equatable, Sendable {
    /// When its content was last changed, in nanoseconds since 1970; anybody may set it back.
    package let modified: Int
    /// When anything of it was last changed, its owner and that time included; nobody can set it back.
    package let changed: Int
    /// Its number in the file system.
    package let inode: Int
    /// The number of the file system, or of its device where it has none. It may change when the file system is
    /// mounted again, or on another host.
    package let fileSystem: Int

    /// A mark of these numbers.
    package init(modified: Int, changed: Int, inode: Int, fileSystem: Int) {
      (self.modified, self.changed) = (modified, changed)
      (self.inode, self.fileSystem) = (inode, fileSystem)
    }

    /// That of no file: what has it is read again.
    package static let unknown = Mark(modified: 0, changed: 0, inode: -1, fileSystem: 0)

    fileprivate init(_ status: stat, of descriptor: Int32) {
      modified = Self.nanoseconds(status.st_mtim)
      changed = Self.nanoseconds(status.st_ctim)
      inode = Int(truncatingIfNeeded: status.st_ino)
      fileSystem = Self.fileSystem(ofDevice: UInt64(status.st_dev), descriptor)
    }

    /// The file systems that were asked, by their devices: a server is not asked for each file.
    private static let fileSystems = Mutex<[UInt64: Int]>([:])

    private static func fileSystem(ofDevice device: UInt64, _ descriptor: Int32) -> Int {
      if let known = fileSystems.withLock({ $0[device] }) { return known }
      var status = statvfs()
      let isTold = fstatvfs(descriptor, &status) == 0 && status.f_fsid != 0
      let number = Int(truncatingIfNeeded: isTold ? UInt64(status.f_fsid) : device)
      fileSystems.withLock { $0[device] = number }
      return number
    }

    /// A file and a clock may say any year, and from 2262 on nanoseconds do not fit.
    private static func nanoseconds(_ time: timespec) -> Int {
      time.tv_sec &* 1_000_000_000 &+ time.tv_nsec
    }

    /// Whether nothing of the file was changed in the last two seconds before a time: it might change again
    /// without another mark.
    package func isSettled(at time: timespec) -> Bool {
      let now = Self.nanoseconds(time)
      return min(now &- modified, now &- changed) > 2_000_000_000
    }
  }

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
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw .system(path, "open", SystemError(code: errno)) }
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
  package static func of(_ text: String) -> String {
    var hash = DataHash()
    hash.update(Array(text.utf8))
    return hash.digits
  }
}
