import Glibc

/// The number that a failed call of the operating system left in `errno`.
public struct SystemError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The error number.
  public let code: Int32

  /// An error with the number `code`.
  public init(code: Int32) { self.code = code }

  /// The system's own words with the number.
  public var description: String { "\(String(cString: strerror(code))) (errno \(code))" }

  /// Whether the disk or the quota is full.
  var isOutOfSpace: Bool { code == ENOSPC || code == EDQUOT }
}

/// Every call on files of a run and on weights, so that tests can let each of them fail.
///
/// Each member is the system call of the same name; failure is its `errno`.
public struct FileStore: Sendable {
  /// Opens `path` with flags and mode; returns the descriptor.
  public var open: @Sendable (String, Int32, mode_t) throws(SystemError) -> Int32 = {
    path, flags, mode throws(SystemError) in
    try checked(Glibc.open(path, flags, mode))
  }
  /// Reads at most as many bytes as the buffer holds; returns how many, 0 at the end.
  public var read: @Sendable (Int32, UnsafeMutableRawBufferPointer) throws(SystemError) -> Int = {
    descriptor, buffer throws(SystemError) in
    try checked(Glibc.read(descriptor, buffer.baseAddress, buffer.count))
  }
  /// Writes at most the bytes of the buffer; returns how many.
  public var write: @Sendable (Int32, UnsafeRawBufferPointer) throws(SystemError) -> Int = {
    descriptor, buffer throws(SystemError) in
    try checked(Glibc.write(descriptor, buffer.baseAddress, buffer.count))
  }
  /// Brings a file's or folder's content to the disk.
  public var fsync: @Sendable (Int32) throws(SystemError) -> Void = {
    descriptor throws(SystemError) in
    _ = try checked(Glibc.fsync(descriptor))
  }
  /// Closes a descriptor.
  public var close: @Sendable (Int32) throws(SystemError) -> Void = {
    descriptor throws(SystemError) in
    _ = try checked(Glibc.close(descriptor))
  }
  /// Renames a file, replacing what has the new name.
  public var rename: @Sendable (String, String) throws(SystemError) -> Void = {
    old, new throws(SystemError) in
    _ = try checked(Glibc.rename(old, new))
  }
  /// Removes a file.
  public var unlink: @Sendable (String) throws(SystemError) -> Void = {
    path throws(SystemError) in
    _ = try checked(Glibc.unlink(path))
  }
  /// Makes a folder that only its owner may use.
  public var mkdir: @Sendable (String) throws(SystemError) -> Void = {
    path throws(SystemError) in
    _ = try checked(Glibc.mkdir(path, 0o700))
  }
  /// Bytes of an open regular file; nil for another kind of file.
  public var byteCount: @Sendable (Int32) throws(SystemError) -> Int? = {
    descriptor throws(SystemError) in
    var status = stat()
    _ = try checked(Glibc.fstat(descriptor, &status))
    return status.st_mode & S_IFMT == S_IFREG ? Int(status.st_size) : nil
  }
  /// Bytes that this user can still write on the disk of `path`.
  public var freeBytes: @Sendable (String) throws(SystemError) -> Int = {
    path throws(SystemError) in
    var status = statvfs()
    _ = try checked(statvfs(path, &status))
    let (bytes, overflow) = UInt64(status.f_bavail).multipliedReportingOverflow(
      by: UInt64(status.f_frsize))
    return overflow ? Int.max : Int(clamping: bytes)
  }
  /// The names in a folder, in no order.
  public var names: @Sendable (String) throws(SystemError) -> [String] = {
    path throws(SystemError) in
    guard let folder = opendir(path) else { throw SystemError(code: errno) }
    defer { closedir(folder) }
    var names: [String] = []
    errno = 0
    while let entry = readdir(folder) {
      names.append(
        withUnsafePointer(to: &entry.pointee.d_name) {
          $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        })
      errno = 0
    }
    guard errno == 0 else { throw SystemError(code: errno) }
    return names
  }
  /// Locks an open file for this process alone, or fails at once with EWOULDBLOCK.
  public var lock: @Sendable (Int32) throws(SystemError) -> Void = {
    descriptor throws(SystemError) in
    _ = try checked(flock(descriptor, LOCK_EX | LOCK_NB))
  }

  /// The operating system's own calls.
  public init() {}
}

private func checked<Result: SignedInteger>(_ result: Result) throws(SystemError) -> Result {
  guard result != -1 else { throw SystemError(code: errno) }
  return result
}
