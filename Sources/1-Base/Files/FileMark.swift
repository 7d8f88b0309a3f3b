import Glibc

/// Times and place of a file. Who changes its content cannot keep all of them.
package struct FileMark: Equatable, Sendable {
  /// When its content was last changed, in nanoseconds since 1970; anybody may set it back.
  package let modified: Int
  /// When anything of it was last changed, its owner and that time included; nobody can set it back.
  package let changed: Int
  /// Its number in the file system.
  package let inode: Int

  /// A mark of these numbers.
  package init(modified: Int, changed: Int, inode: Int) {
    (self.modified, self.changed, self.inode) = (modified, changed, inode)
  }

  /// That of no file: what has it is read again.
  package static let unknown = FileMark(modified: 0, changed: 0, inode: -1)

  /// What the system says about a file.
  package init(_ status: Glibc.stat) {
    modified = Self.nanoseconds(status.st_mtim)
    changed = Self.nanoseconds(status.st_ctim)
    inode = Int(truncatingIfNeeded: status.st_ino)
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
