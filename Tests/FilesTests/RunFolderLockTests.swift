import Files
import Foundation
import Host
import TestSupport
import Testing

/// The lock of a run's folder where the file system has locks.
@Suite struct RunFolderLockTests {
  @Test func aFolderThatIsRemovedOrReplacedIsNoticed() throws {
    try withTemporaryFolder { place in
      let folder = place.path + "/run"
      let changes: [() throws -> Void] = [
        { try FileManager.default.removeItem(atPath: folder) },
        { try FileManager.default.moveItem(atPath: folder, toPath: folder + "-old") },
        { try FileManager.default.removeItem(atPath: folder + "/.lock") },
        {
          try FileManager.default.removeItem(atPath: folder)
          try FileStore().makeFolder(folder)
          try write("", folder + "/.lock")
        },
      ]
      for change in changes {
        try FileStore().makeFolder(folder)
        let lock = try RunFolderLock(folder: folder)
        #expect(lock.notice == nil)
        try lock.check()
        try change()
        let error = failure { try lock.check() }
        #expect(error?.kind == .locked && error?.exitCode == 73)
        #expect(error?.description.contains("removed or replaced meanwhile") == true)
      }
    }
  }

  /// Another run's folder takes this one's place after the last look at the lock, and so gets the
  /// temporary file.
  @Test func whatTakesTheFoldersPlaceGetsNoFileAndLosesNone() throws {
    try withTemporaryFolder { place in
      let folder = place.path + "/run"
      try FileStore().makeFolder(folder)
      let lock = try RunFolderLock(folder: folder)
      var files = FileStore()
      files.open = { path, flags, mode throws(SystemError) in
        if flags & O_EXCL != 0 {
          try? FileManager.default.moveItem(atPath: folder, toPath: folder + "-old")
          try? FileStore().makeFolder(folder)
          for name in [".lock", "file"] { try? write("theirs", folder + "/" + name) }
        }
        return try FileStore().open(path, flags, mode)
      }
      let guarded = lock.guarding(files)
      let error = failure { try AtomicFile(files: guarded).write("ours", to: folder + "/file") }
      #expect(error?.cause?.code == ESTALE)
      #expect(throws: SystemError(code: ESTALE)) { try guarded.unlink(folder + "/file") }
      let names = try FileManager.default.contentsOfDirectory(atPath: folder)
      #expect(names.sorted() == [".lock", "file"])
      #expect(try text(folder + "/file") == "theirs")
      withExtendedLifetime(lock) {}
    }
  }

  @Test func whatCannotBeLookedAtIsNotGone() throws {
    try withTemporaryFolder { folder in
      var files = FileStore()
      let fails = Flag()
      files.linkStatus = { path throws(SystemError) in
        if fails.isSet { throw SystemError(code: EIO) }
        return try FileStore().linkStatus(path)
      }
      let lock = try RunFolderLock(folder: folder.path, files: files)
      fails.isSet = true
      #expect(failure { try lock.check() }?.kind == .inputOutput)
    }
  }

  @Test func itsFileIsSharedAsTheUmaskAllows() throws {
    try withTemporaryFolder { folder in
      let lock = try RunFolderLock(folder: folder.path)
      #expect(try mode(folder.path + "/.lock") == allowed(0o666))
      withExtendedLifetime(lock) {}
    }
  }

  /// The file of another user, which a umask of 022 left.
  @Test func aLockThatCanOnlyBeReadIsEnough() throws {
    try withTemporaryFolder { folder in
      try write("", folder.path + "/.lock")
      var files = FileStore()
      files.open = { path, flags, mode throws(SystemError) in
        guard flags & O_ACCMODE == O_RDONLY else { throw SystemError(code: EACCES) }
        return try FileStore().open(path, flags, mode)
      }
      let lock = try RunFolderLock(folder: folder.path, files: files)
      try lock.check()
      #expect(failure { _ = try RunFolderLock(folder: folder.path) }?.kind == .locked)
      withExtendedLifetime(lock) {}
      // A file server that locks only what may be written.
      files.lock = { _ throws(SystemError) in throw SystemError(code: EBADF) }
      let error = failure { _ = try RunFolderLock(folder: folder.path, files: files) }
      #expect(error?.kind == .notWritable)
      #expect(error?.detail.contains("found a file of another user") == true)
    }
  }

  /// One of another user's that his group may not read, a link, a folder: the folder is not to blame.
  @Test(arguments: [EACCES, ELOOP, EISDIR])
  func aLockInTheWayIsNamed(code: Int32) throws {
    try withTemporaryFolder { folder in
      try write("", folder.path + "/.lock")
      var files = FileStore()
      files.open = { _, _, _ throws(SystemError) in throw SystemError(code: code) }
      let error = failure { _ = try RunFolderLock(folder: folder.path, files: files) }
      #expect(error?.exitCode == 73 && error?.path == folder.path + "/.lock")
      let detail = error?.detail ?? ""
      #expect(detail.contains("expected a lock that this user can open"), "\(detail)")
      #expect(detail.contains("remove it, or choose another folder"), "\(detail)")
      // Where nobody may write, the folder is.
      files.access = { _, _ throws(SystemError) in throw SystemError(code: EACCES) }
      let other = failure { _ = try RunFolderLock(folder: folder.path, files: files) }
      #expect(other?.detail.contains("expected a folder that this user can write") == true)
    }
  }

  @Test(
    arguments: [(EACCES, 73), (EROFS, 73), (ENOSPC, 74), (EDQUOT, 74), (EIO, 74)]
      as [(Int32, Int32)])
  func theFirstFileOfARunSaysWhatIsWrong(code: Int32, exitCode: Int32) throws {
    try withTemporaryFolder { folder in
      var files = FileStore()
      files.open = { _, _, _ throws(SystemError) in throw SystemError(code: code) }
      let error = failure { _ = try RunFolderLock(folder: folder.path, files: files) }
      #expect(error?.exitCode == exitCode)
      #expect((error?.kind == .noSpace) == (code == ENOSPC || code == EDQUOT))
    }
  }
}

/// A condition that a test sets while others look.
final class Flag: @unchecked Sendable {
  var isSet = false

  /// A rank that was killed with its job may hold the lock for a while.
  @Test func aLockOfAProcessThatIsBeingEndedIsWaitedFor() throws {
    try withTemporaryFolder { folder in
      var held: RunFolderLock? = try RunFolderLock(folder: folder.path)
      var asked = 0
      let lock = try RunFolderLock.waiting(folder: folder.path) { process in
        #expect(process == getpid())
        asked += 1
        if asked == 3 { held = nil }
        return true
      }
      #expect(asked == 3 && held == nil)
      // That of one that lives is not.
      let begin = ContinuousClock.now
      let error = failure {
        _ = try RunFolderLock.waiting(folder: folder.path) { _ in false }
      }
      #expect(error?.kind == .locked && ContinuousClock.now - begin < .seconds(20))
      try lock.check()
    }
  }

  @Test func aProcessThatIsBeingEndedIsKnown() throws {
    #expect(!RunFolderLock.isBeingEnded(getpid()))
    try withTemporaryFolder { folder in
      let host = HostFiles(root: folder.path)
      let cases = [
        ("VmSize:\t  100 kB\nSigPnd:\t0000000000000000\nShdPnd:\t0000000000000000\n", false),
        ("VmSize:\t  100 kB\nSigPnd:\t0000000000000000\nShdPnd:\t0000000000004000\n", false),
        ("VmSize:\t  100 kB\nSigPnd:\t0000000000000100\nShdPnd:\t0000000000000000\n", true),
        ("VmSize:\t  100 kB\nSigPnd:\t0000000000000000\nShdPnd:\t0000000000004100\n", true),
        ("State:\tZ (zombie)\nSigPnd:\t0000000000000000\nShdPnd:\t0000000000000000\n", true),
      ]
      try FileStore().makeFolder(folder.path + "/proc/7")
      for (text, isEnding) in cases {
        try write(text, folder.path + "/proc/7/status")
        #expect(RunFolderLock.isBeingEnded(7, host) == isEnding, "\(text)")
      }
      #expect(!RunFolderLock.isBeingEnded(8, host))
    }
  }
}
