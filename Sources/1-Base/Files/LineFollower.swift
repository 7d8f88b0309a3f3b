import Glibc

/// Reads the lines that another process adds to a file, as they come.
///
/// A file that is replaced or cut, as that of a run which goes on, is read from its start again.
package final class LineFollower {
  /// What is new in a file.
  package struct News {
    /// Whole lines without their line feeds, empty ones left out.
    package var lines: [ArraySlice<UInt8>] = []
    /// Whether they are all lines of the file, and none of those read before count.
    package var isAnew = false
  }

  private static let newline = UInt8(ascii: "\n")

  private let path: String
  private let files: FileStore
  private var descriptor: Int32 = -1
  private var inode: UInt64 = 0
  /// Bytes that were read.
  private var byteCount = 0
  /// The beginning of a line that is not whole yet.
  private var rest: [UInt8] = []

  /// A follower that has read nothing of a file, which need not be there yet.
  package init(_ path: String, files: FileStore = FileStore()) {
    self.path = path
    self.files = files
  }

  deinit { close() }

  /// What came since the last call; nothing while there is no such file.
  ///
  /// - Throws: `FileError` if it cannot be read.
  package func next() throws(FileError) -> News {
    do throws(SystemError) {
      guard let status = try status() else { return News() }
      var news = News()
      if descriptor < 0 || status.inode != inode || status.byteCount < byteCount {
        close()
        descriptor = try files.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0)
        (inode, byteCount, rest) = (status.inode, 0, [])
        news.isAnew = true
      }
      rest += try readOn()
      if let last = rest.lastIndex(of: Self.newline) {
        news.lines = rest[..<last].split(separator: Self.newline)
        rest = Array(rest[(last + 1)...])
      }
      return news
    } catch {
      throw .system(path, "read", error)
    }
  }

  /// What the path names; nil if nothing.
  private func status() throws(SystemError) -> FileStatus? {
    do throws(SystemError) {
      return try files.status(path)
    } catch {
      guard error.code == ENOENT else { throw error }
      return nil
    }
  }

  private func readOn() throws(SystemError) -> [UInt8] {
    var bytes: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let result = part.withUnsafeMutableBytes { buffer in
        Result { () throws(SystemError) in try files.read(descriptor, buffer) }
      }
      let count: Int
      do throws(SystemError) {
        count = try result.get()
      } catch {
        guard error.code == EINTR else { throw error }
        continue
      }
      guard count > 0 else { return bytes }
      bytes += part[..<count]
      byteCount += count
    }
  }

  private func close() {
    if descriptor >= 0 { try? files.close(descriptor) }
    descriptor = -1
  }
}
