import Glibc
import Synchronization

/// Times and place of a file. Who changes its content cannot keep all of them.
package struct FileMark: Equatable, Sendable {
  /// When its content was last changed, in nanoseconds since 1970; anybody may set it back.
  package let modified: Int
  /// When anything of it was last changed, its owner and that time included; nobody can set it back.
  package let changed: Int
  /// Its number in the file system.
  package let inode: Int
  /// The number of the file system, or of its device where it has none. It may change when the file
  /// system is mounted again, or on another host.
  package let fileSystem: Int

  /// A mark of these numbers.
  package init(modified: Int, changed: Int, inode: Int, fileSystem: Int) {
    (self.modified, self.changed) = (modified, changed)
    (self.inode, self.fileSystem) = (inode, fileSystem)
  }

  /// That of no file: what has it is read again.
  package static let unknown = FileMark(
    modified: 0, changed: 0, inode: -1, fileSystem: 0)

  /// What the system says about an open file.
  package init(_ status: Glibc.stat, of descriptor: Int32) {
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
