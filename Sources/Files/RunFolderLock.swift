import Glibc

/// The right to write into a run's folder, held by one process until the lock is gone.
///
/// The system drops the lock when the process ends, however it ends.
public final class RunFolderLock: Sendable {
  private let descriptor: Int32
  private let files: FileStore

  /// Locks `folder/.lock`; `locked` (exit code 73) if another process or lock holds it.
  public init(folder: String, files: FileStore = FileStore()) throws(FileError) {
    let path = folder + "/.lock"
    let descriptor: Int32
    do throws(SystemError) {
      descriptor = try files.open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
    } catch {
      throw FileError(
        kind: .locked, path: path,
        detail: "found \(error); expected a writable folder; choose another folder")
    }
    do throws(SystemError) {
      try files.lock(descriptor)
    } catch {
      try? files.close(descriptor)
      let found = error.code == EWOULDBLOCK ? "a lock of another run" : error.description
      throw FileError(
        kind: .locked, path: path,
        detail: "found \(found); expected a free folder; wait for that run or choose another folder"
      )
    }
    self.descriptor = descriptor
    self.files = files
  }

  deinit { try? files.close(descriptor) }
}
