import Glibc
import Synchronization

/// A file that stands for a lock where the file system has none: whoever makes it holds the folder.
///
/// It names its owner, so that the next start can tell whether that one is dead. Who has the system's lock
/// makes it too, for a host to which the file system shows no locks.
struct OwnerFile: Sendable {
  let path: String
  private let files: FileStore
  private let owner: LockOwner

  /// Those that this process holds.
  private static let held = Mutex<[OwnerFile]>([])

  init(path: String, files: FileStore, holdsLock: Bool) {
    self.path = path
    self.files = files
    var owner = files.lockOwner()
    owner.holdsLock = holdsLock
    self.owner = owner
  }

  /// Makes the file, in place of one whose owner is dead.
  ///
  /// - Throws: `locked` if its owner lives, or nobody can know.
  func make() throws(FileError) {
    if try !create() {
      try removeIfDead()
      guard try create() else { throw inUse("a lock that another start has just made") }
    }
    Self.held.withLock { $0.append(self) }
    // Some ends of a process release nothing.
    _ = Self.releasesAtExit
  }

  /// Removes the file of a dead owner.
  ///
  /// - Throws: `locked` if there is a file whose owner lives, or nobody can know.
  private func removeIfDead() throws(FileError) {
    guard let bytes = try content() else { return }
    guard let found = LockOwner(String(decoding: bytes, as: UTF8.self)) else {
      throw inUse(
        "a lock of nobody", advice: "remove the file if no run is writing into this folder")
    }
    switch found.state(seenBy: owner, files.processLife) {
    case .dead: try remove(bytes)
    case .alive: throw inUse("a lock of process \(found.process) on this host")
    case .unknown:
      let host = oneLine(found.host)
      let isBeside = found.boot == owner.boot && found.container != owner.container
      throw inUse(
        "a lock of process \(found.process) on host \(host)\(isBeside ? ", in another container" : "")",
        advice: "if that run is known to be dead, remove the file")
    }
  }

  /// Stops unless the file still is this process's.
  func check() throws(FileError) {
    guard try content() == Array(owner.text.utf8) else { throw RunFolderLock.lost(path) }
  }

  /// Removes the file if it still is this process's.
  func release() {
    Self.held.withLock { $0.removeAll { $0.path == path } }
    guard (try? check()) != nil else { return }
    try? files.unlink(path)
  }

  /// Removes all such files of this process.
  static func releaseAll() {
    for file in held.withLock({ $0 }) { file.release() }
  }

  private static let releasesAtExit = atexit { OwnerFile.releaseAll() }

  private func content() throws(FileError) -> [UInt8]? {
    try WholeFile.bytes(path, limit: 4096, files: files)
  }

  /// Makes the file; false if it is there.
  private func create() throws(FileError) -> Bool {
    let descriptor: Int32
    do throws(SystemError) {
      descriptor = try files.open(
        path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o666)
    } catch {
      if error.code == EEXIST { return false }
      throw .creation(path, "open", error)
    }
    var failure: SystemError?
    Array(owner.text.utf8).withUnsafeBytes { bytes in
      do throws(SystemError) {
        try files.writeAll(bytes, to: descriptor)
      } catch {
        failure = error
      }
    }
    do throws(SystemError) {
      if failure == nil { try files.fsync(descriptor) }
    } catch {
      failure = error
    }
    try? files.close(descriptor)
    if let failure {
      try? files.unlink(path)
      throw .system(path, "write", failure)
    }
    return true
  }

  /// Removes the file of a dead owner, whose content is `bytes`, unless another start has replaced it.
  private func remove(_ bytes: [UInt8]) throws(FileError) {
    let aside = path + ".dead.\(owner.process)"
    do throws(SystemError) {
      try files.rename(path, aside)
    } catch {
      if error.code == ENOENT { return }
      throw .creation(path, "rename", error)
    }
    guard try WholeFile.bytes(aside, limit: 4096, files: files) == bytes else {
      try? files.rename(aside, path)
      throw inUse("a lock that another start has just made")
    }
    try? files.unlink(aside)
  }

  private func inUse(
    _ found: String, advice: String = "wait for that run or choose another folder"
  ) -> FileError {
    RunFolderLock.inUse(path, found, advice: advice)
  }
}
