import Glibc

/// What the system says about a file.
package struct FileStatus: Sendable, Equatable {
  /// The kinds of files that are told apart.
  package enum Kind: Sendable { case regular, folder, link, other }

  /// What kind of file it is.
  package let kind: Kind
  /// The file system that it is on.
  package let device: UInt64
  /// Its number there.
  package let inode: UInt64
  /// Its size.
  package let byteCount: Int
  /// When its content was changed last, in nanoseconds since 1970.
  package let modifiedNanoseconds: Int64

  /// What the system has told.
  package init(_ status: Glibc.stat) {
    kind =
      switch status.st_mode & S_IFMT {
      case S_IFREG: .regular
      case S_IFDIR: .folder
      case S_IFLNK: .link
      default: .other
      }
    device = UInt64(status.st_dev)
    inode = UInt64(status.st_ino)
    byteCount = Int(status.st_size)
    modifiedNanoseconds =
      Int64(status.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_mtim.tv_nsec)
  }

  /// Whether both are one file, under whatever names.
  package func isSameFile(as other: FileStatus) -> Bool {
    device == other.device && inode == other.inode
  }
}
