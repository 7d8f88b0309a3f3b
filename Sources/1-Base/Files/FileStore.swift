import Glibc

/// Every call on files of a run and on weights, so that tests can let each of them fail.
///
/// Each member is one system call, or what the system tells; failure is its `errno`.
package struct FileStore: Sendable {
  /// Opens `path` with flags and mode; returns the descriptor.
  package var open: @Sendable (String, Int32, mode_t) throws(SystemError) -> Int32 = {
    path, flags, mode throws(SystemError) in
    try checked(Glibc.open(path, flags, mode))
  }
  /// Reads at most as many bytes as the buffer holds; returns how many, 0 at the end.
  package var read: @Sendable (Int32, UnsafeMutableRawBufferPointer) throws(SystemError) -> Int = {
    descriptor, buffer throws(SystemError) in
    try checked(Glibc.read(descriptor, buffer.baseAddress, buffer.count))
  }
  /// Writes at most the bytes of the buffer; returns how many.
  package var write: @Sendable (Int32, UnsafeRawBufferPointer) throws(SystemError) -> Int = {
    descriptor, buffer throws(SystemError) in
    try checked(Glibc.write(descriptor, buffer.baseAddress, buffer.count))
  }
  /// Brings a file's or folder's content to the disk.
  package var fsync: @Sendable (Int32) throws(SystemError) -> Void = {
    descriptor throws(SystemError) in
    _ = try checked(Glibc.fsync(descriptor))
  }
  /// Closes a descriptor.
  package var close: @Sendable (Int32) throws(SystemError) -> Void = {
    descriptor throws(SystemError) in
    // Interrupted, it is closed all the same; a second call could close another thread's file.
    guard Glibc.close(descriptor) == -1, errno != EINTR else { return }
    throw SystemError(code: errno)
  }
  /// Renames a file, replacing what has the new name.
  package var rename: @Sendable (String, String) throws(SystemError) -> Void = {
    old, new throws(SystemError) in
    _ = try checked(Glibc.rename(old, new))
  }
  /// Removes a file.
  package var unlink: @Sendable (String) throws(SystemError) -> Void = {
    path throws(SystemError) in
    _ = try checked(Glibc.unlink(path))
  }
  /// Makes a folder that whoever the umask allows may use.
  package var mkdir: @Sendable (String) throws(SystemError) -> Void = {
    path throws(SystemError) in
    _ = try checked(Glibc.mkdir(path, 0o777))
  }
  /// Cuts an open file to a number of bytes.
  package var truncate: @Sendable (Int32, Int) throws(SystemError) -> Void = {
    descriptor, byteCount throws(SystemError) in
    _ = try checked(Glibc.ftruncate(descriptor, off_t(byteCount)))
  }
  /// Succeeds if this user may do with a path what the bits say: R_OK, W_OK, X_OK.
  package var access: @Sendable (String, Int32) throws(SystemError) -> Void = {
    path, bits throws(SystemError) in
    _ = try checked(Glibc.access(path, bits))
  }
  /// What a path names; of a link, what it leads to.
  package var status: @Sendable (String) throws(SystemError) -> FileStatus = {
    path throws(SystemError) in
    var status = Glibc.stat()
    _ = try checked(stat(path, &status))
    return FileStatus(status)
  }
  /// What a path names; of a link, the link itself.
  package var linkStatus: @Sendable (String) throws(SystemError) -> FileStatus = {
    path throws(SystemError) in
    var status = Glibc.stat()
    _ = try checked(lstat(path, &status))
    return FileStatus(status)
  }
  /// What an open file is.
  package var openStatus: @Sendable (Int32) throws(SystemError) -> FileStatus = {
    descriptor throws(SystemError) in
    var status = Glibc.stat()
    _ = try checked(fstat(descriptor, &status))
    return FileStatus(status)
  }
  /// Bytes of an open regular file; nil for another kind of file.
  package var byteCount: @Sendable (Int32) throws(SystemError) -> Int? = {
    descriptor throws(SystemError) in
    var status = stat()
    _ = try checked(fstat(descriptor, &status))
    return status.st_mode & S_IFMT == S_IFREG ? Int(status.st_size) : nil
  }
  /// Bytes that this user can still write on the disk of `path`; nil if the file system does not say.
  package var freeBytes: @Sendable (String) throws(SystemError) -> Int? = {
    path throws(SystemError) in
    var status = statvfs()
    do throws(SystemError) {
      _ = try checked(statvfs(path, &status))
    } catch {
      guard error.meansUnknownSpace else { throw error }
      return nil
    }
    return FileStore.freeBytes(status)
  }
  /// The names in a folder, in no order.
  package var names: @Sendable (String) throws(SystemError) -> [String] = {
    path throws(SystemError) in
    let folder = try FileStore.openFolder(path)
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
  package var lock: @Sendable (Int32) throws(SystemError) -> Void = {
    descriptor throws(SystemError) in
    _ = try checked(flock(descriptor, LOCK_EX | LOCK_NB))
  }
  /// How this process is named where a file stands for a lock.
  package var lockOwner: @Sendable () -> LockOwner = { .current }
  /// What becomes of a process of this host.
  package var processLife: @Sendable (Int32) -> ProcessLife = { ProcessLife(of: $0) }

  /// The operating system's own calls.
  package init() {}

  /// Free bytes by what a file system says of itself; nil if it says nothing: a full disk has a size.
  package static func freeBytes(_ status: Glibc.statvfs) -> Int? {
    guard status.f_blocks != 0 || status.f_bavail != 0 else { return nil }
    let (bytes, overflow) = UInt64(status.f_bavail).multipliedReportingOverflow(
      by: UInt64(status.f_frsize))
    return overflow ? Int.max : Int(clamping: bytes)
  }

  private static func openFolder(_ path: String) throws(SystemError) -> OpaquePointer {
    while true {
      if let folder = opendir(path) { return folder }
      let code = errno
      guard code == EINTR else { throw SystemError(code: code) }
    }
  }
}
