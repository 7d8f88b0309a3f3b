import Glibc

/// The right to write into a run's folder, held by one process until the lock is gone.
///
/// The system drops the lock when the process ends, however it ends. A file `.lock.owner` says who holds it;
/// where the file system has no locks, it stands for one; see `notice`.
package final class RunFolderLock: Sendable {
  /// What the user should know: that the file system has no locks, and what stands for one; nil
  /// where it has.
  package let notice: String?
  private let path: String
  private let descriptor: Int32
  private let files: FileStore
  private let ownerFile: OwnerFile
  private let holdsLock: Bool

  /// Locks `folder/.lock`.
  ///
  /// - Throws: `locked` (exit code 73) if another process or lock holds it; `notWritable` (73) where
  ///   no lock can be made; `noSpace` (74) on a full disk.
  package init(folder: String, files: FileStore = FileStore()) throws(FileError) {
    let path = folder + "/.lock"
    let file = try Self.open(path, files)
    do throws(FileError) {
      let missing = try Self.lock(file, path, files)
      holdsLock = missing == nil
      ownerFile = OwnerFile(path: path + ".owner", files: files, holdsLock: holdsLock)
      do throws(FileError) {
        try ownerFile.make()
      } catch {
        // Beside a lock it is for others alone.
        guard holdsLock, error.kind != .locked else { throw error }
      }
      notice = missing.map {
        "run folder: \(oneLine(folder)): this file system has no locks (\($0)); .lock.owner keeps "
          + "other runs out"
      }
    } catch {
      try? files.close(file.descriptor)
      throw error
    }
    self.path = path
    descriptor = file.descriptor
    self.files = files
    try check()
  }

  deinit {
    ownerFile.release()
    try? files.close(descriptor)
  }

  /// Stops unless the folder still is this lock's: it may have been removed or replaced meanwhile,
  /// and another run may hold what stands in its place.
  ///
  /// - Throws: `locked` (exit code 73) if it is not; another kind if that cannot be seen.
  package func check() throws(FileError) {
    guard holdsLock else { return try ownerFile.check() }
    let isSame: Bool
    do throws(SystemError) {
      isSame = try files.openStatus(descriptor).isSameFile(as: files.linkStatus(path))
    } catch {
      guard [ENOENT, ENOTDIR, ESTALE].contains(error.code) else {
        throw .system(path, "stat", error)
      }
      isSame = false
    }
    guard isSame else { throw Self.lost(path) }
  }

  /// The calls of `files`, but of those by a name: a file or folder gets its name, loses it, or is opened
  /// to grow, only while the folder still is this lock's. Else that call fails with ESTALE.
  ///
  /// What takes the folder's place during a save may be another run's folder, and the temporary file may
  /// lie in there. Temporary files can be removed at any time: their names are this process's own. The calls
  /// do not keep the lock: once it is gone, the folder is held no longer.
  package func guarding(_ files: FileStore) -> FileStore {
    var guarded = files
    let requireHeld: @Sendable () throws(SystemError) -> Void = {
      [weak self] () throws(SystemError) in
      guard let self, (try? self.check()) != nil else { throw SystemError(code: ESTALE) }
    }
    guarded.open = { path, flags, mode throws(SystemError) in
      if flags & O_APPEND != 0 { try requireHeld() }
      return try files.open(path, flags, mode)
    }
    guarded.mkdir = { path throws(SystemError) in
      try requireHeld()
      try files.mkdir(path)
    }
    guarded.rename = { old, new throws(SystemError) in
      try requireHeld()
      try files.rename(old, new)
    }
    guarded.unlink = { path throws(SystemError) in
      if TemporaryName(split(path).name) == nil { try requireHeld() }
      try files.unlink(path)
    }
    return guarded
  }

  /// Gives up what this process holds where the system would not: for ends of the process that
  /// release nothing. Not for a process that goes on.
  package static func releaseAll() { OwnerFile.releaseAll() }

  /// The lock's file; one of another user may allow no more than reading, which is enough.
  private static func open(
    _ path: String, _ files: FileStore
  ) throws(FileError) -> (descriptor: Int32, isWritable: Bool) {
    let flags = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK
    do throws(SystemError) {
      return (try files.open(path, O_RDWR | O_CREAT | flags, 0o666), true)
    } catch {
      let isWritable = (try? files.access(split(path).folder, W_OK | X_OK)) != nil
      if error.code == EACCES || error.code == EPERM, isWritable,
        let descriptor = try? files.open(path, O_RDONLY | flags, 0)
      {
        return (descriptor, false)
      }
      guard error.isDenied else { throw .system(path, "open", error) }
      if isWritable, (try? files.linkStatus(path)) != nil {
        throw FileError(
          kind: .notWritable, path: path,
          detail: "found \(error), in a folder that this user can write; expected a lock that this "
            + "user can open; once the run of its owner has ended, remove it, or choose another folder",
          cause: error)
      }
      throw FileError(
        kind: .notWritable, path: path,
        detail: "found \(error); expected a folder that this user can write; choose another folder",
        cause: error)
    }
  }

  /// Locks the file; what the system answered where it has no locks, nil where it has.
  private static func lock(
    _ file: (descriptor: Int32, isWritable: Bool), _ path: String, _ files: FileStore
  ) throws(FileError) -> String? {
    do throws(SystemError) {
      try files.lock(file.descriptor)
      return nil
    } catch {
      if error.code == EWOULDBLOCK { throw inUse(path, "a lock of another run") }
      if error.meansNoLocks { return "flock: \(error)" }
      guard error.code == EBADF, !file.isWritable else { throw .system(path, "flock", error) }
      // File servers lock only what may be written.
      throw FileError(
        kind: .notWritable, path: path,
        detail: "found a file of another user; expected one that this user can write; remove it "
          + "once that user's run has ended, or choose another folder", cause: error)
    }
  }

  /// Another run holds the folder.
  static func inUse(
    _ path: String, _ found: String, advice: String = "wait for that run or choose another folder"
  ) -> FileError {
    FileError(
      kind: .locked, path: path, detail: "found \(found); expected a free folder; \(advice)")
  }

  /// The folder is this lock's no longer.
  static func lost(_ path: String) -> FileError {
    FileError(
      kind: .locked, path: path,
      detail:
        "found none or another file; expected the lock of this run, whose folder was removed or "
        + "replaced meanwhile; start again with a folder of its own")
  }
}
