import Glibc

/// A file that grows by whole records: one that cannot be written whole is taken back, so that
/// those after it are read.
///
/// For one thread at a time.
package final class RecordFile {
  private let path: String
  private let files: FileStore
  private let descriptor: Int32
  /// Bytes of all whole records.
  private var byteCount = 0
  /// Whether a part of a record stands at the end, since it could not be taken back.
  private var isTorn = false

  /// Makes the file `path`; nil if there is one of this name.
  ///
  /// - Throws: `FileError` if it cannot be made.
  package init?(new path: String, files: FileStore = FileStore()) throws(FileError) {
    self.path = path
    self.files = files
    do throws(SystemError) {
      descriptor = try files.open(
        path, O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o666)
    } catch {
      if error.code == EEXIST { return nil }
      throw .creation(path, "open", error)
    }
  }

  /// Opens the file `path`, which holds whole records of `byteCount` bytes. A link is not followed.
  ///
  /// - Throws: `FileError` if it cannot be opened.
  package init(
    _ path: String, byteCount: Int, files: FileStore = FileStore()
  ) throws(FileError) {
    self.path = path
    self.files = files
    self.byteCount = byteCount
    do throws(SystemError) {
      descriptor = try files.open(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0)
    } catch {
      throw .system(path, "open", error)
    }
  }

  deinit { try? files.close(descriptor) }

  /// Whether the path still names this file, with all its records; true too where that cannot be seen.
  var isInPlace: Bool {
    do throws(SystemError) {
      let own = try files.openStatus(descriptor)
      return try own.isSameFile(as: files.linkStatus(path)) && own.byteCount >= byteCount
    } catch {
      return ![ENOENT, ENOTDIR, ESTALE].contains(error.code)
    }
  }

  /// Adds a record, or nothing.
  ///
  /// - Throws: `FileError` if it is lost. Later ones may come through, when there is room again.
  package func append(_ record: [UInt8]) throws(FileError) {
    if isTorn { try cut() }
    do throws(SystemError) {
      try write(record)
      byteCount += record.count
    } catch {
      isTorn = true
      try? cut()
      throw .system(path, "write", error)
    }
  }

  /// Brings all records to the disk, as far as it can be done.
  package func sync() { try? files.fsync(descriptor) }

  private func write(_ record: [UInt8]) throws(SystemError) {
    let result = record.withUnsafeBytes { bytes in
      Result { () throws(SystemError) in try files.writeAll(bytes, to: descriptor) }
    }
    try result.get()
  }

  /// Takes back what a failed write left.
  private func cut() throws(FileError) {
    do throws(SystemError) {
      try files.truncate(descriptor, byteCount)
    } catch {
      throw .system(path, "truncate", error)
    }
    isTorn = false
  }
}
