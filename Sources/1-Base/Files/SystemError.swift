import Glibc

/// The number that a failed call of the operating system left in `errno`.
package struct SystemError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The error number.
  package let code: Int32

  /// An error with the number `code`.
  package init(code: Int32) { self.code = code }

  /// The system's own words with the number.
  package var description: String { "\(String(cString: strerror(code))) (errno \(code))" }

  /// Whether this process, or the host, has as many files open as it may.
  package var meansTooManyFiles: Bool { code == EMFILE || code == ENFILE }

  /// Whether the disk or the quota is full.
  var isOutOfSpace: Bool { code == ENOSPC || code == EDQUOT }

  /// Whether the place is at fault, and not the disk: no such folder, no right to write there.
  package var isDenied: Bool {
    [EACCES, EPERM, EROFS, ENOENT, ENOTDIR, EISDIR, EEXIST, ELOOP, ENAMETOOLONG].contains(code)
  }

  /// Whether there is no such file.
  package var meansMissing: Bool { code == ENOENT || code == ENOTDIR }

  /// Whether the file system cannot tell how much room it has.
  var meansUnknownSpace: Bool { [ENOSYS, EOPNOTSUPP, ENOTSUP].contains(code) }

  /// Whether the file system, or this place of it, knows no locks.
  var meansNoLocks: Bool { [ENOLCK, EOPNOTSUPP, ENOTSUP, EINVAL, ENOSYS].contains(code) }

  /// What to do about it.
  package var advice: String {
    switch code {
    case ENOSPC, EDQUOT: "make room"
    case EFBIG: "raise the limit on the size of files (ulimit -f)"
    case EMFILE, ENFILE: "raise the limit on open files (ulimit -n)"
    case ENOMEM: "give the process more memory"
    default: "check the disk and the permissions"
    }
  }
}

/// The result of a system call, or the error that it left when it is -1. A call that a signal, or a file
/// server, has interrupted is made again.
///
/// - Parameter call: the call. Not `close`, which has closed even then.
package func checked<Result: SignedInteger>(
  _ call: @autoclosure () -> Result
) throws(SystemError) -> Result {
  while true {
    let result = call()
    if result != -1 { return result }
    let code = errno
    guard code == EINTR else { throw SystemError(code: code) }
  }
}
