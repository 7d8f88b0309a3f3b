import Files
import Foundation
import TestSupport
import Testing

/// File systems without locks: a file that names its owner stands for one.
@Suite struct NoLocksTests {
  private static let me = LockOwner(
    host: "here", machine: "m1", boot: "b1", container: "c1", process: 40, start: 400)

  /// Calls on files of a process of such a file system, where `lives` tells who else there is.
  private func files(
    _ owner: LockOwner = me, code: Int32 = EOPNOTSUPP, lives: [Int32: ProcessLife] = [:]
  ) -> FileStore {
    var files = FileStore()
    files.lock = { _ throws(SystemError) in throw SystemError(code: code) }
    files.lockOwner = { owner }
    files.processLife = { lives[$0] ?? .gone }
    return files
  }

  private func owner(_ change: (inout LockOwner) -> Void) -> LockOwner {
    var owner = Self.me
    change(&owner)
    return owner
  }

  @Test(arguments: [ENOLCK, EOPNOTSUPP, ENOTSUP, EINVAL, ENOSYS])
  func oneRunHoldsTheFolderAndLeavesNothing(code: Int32) throws {
    try withTemporaryFolder { folder in
      let path = folder.path + "/.lock.owner"
      let lives: [Int32: ProcessLife] = [40: .started(400)]
      var first: RunFolderLock? = try RunFolderLock(
        folder: folder.path, files: files(code: code, lives: lives))
      #expect(first?.notice?.contains("this file system has no locks (flock: ") == true)
      #expect(first?.notice?.contains("(errno \(code))") == true)
      #expect(try text(path) == Self.me.text)
      try first?.check()
      let second = files(owner { $0.process = 41 }, lives: lives)
      let error = failure { _ = try RunFolderLock(folder: folder.path, files: second) }
      #expect(error?.kind == .locked && error?.path == path)
      #expect(error?.detail.hasPrefix("found a lock of process 40 on this host; ") == true)
      first = nil
      #expect(!FileManager.default.fileExists(atPath: path))
      _ = try RunFolderLock(folder: folder.path, files: second)
    }
  }

  /// Its number is gone, or another process has it; or the host was started anew.
  @Test func theLockOfADeadProcessIsTakenOver() throws {
    try withTemporaryFolder { folder in
      let path = folder.path + "/.lock.owner"
      let cases: [(dead: LockOwner, lives: [Int32: ProcessLife])] = [
        (owner { $0.process = 7 }, [:]),
        (owner { $0.process = 7 }, [7: .started(401)]),
        (owner { ($0.process, $0.boot) = (7, "b0") }, [7: .started(400)]),
      ]
      for (dead, lives) in cases {
        try write(dead.text, path)
        let lock = try RunFolderLock(folder: folder.path, files: files(lives: lives))
        #expect(try text(path) == Self.me.text)
        withExtendedLifetime(lock) {}
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [".lock"])
    }
  }

  @Test func whatMayBeAliveIsNamed() throws {
    let advice = "; if that run is known to be dead, remove the file"
    try withTemporaryFolder { folder in
      let path = folder.path + "/.lock.owner"
      let cases = [
        (owner { $0.host = "there" }.text, "process 40 on host there; "),
        (owner { $0.container = "c2" }.text, "process 40 on host here, in another container; "),
        // Two hosts of one name.
        (owner { ($0.boot, $0.machine) = ("b2", "m2") }.text, "process 40 on host here; "),
        ("", "found a lock of nobody; "),
      ]
      for (text, words) in cases {
        try write(text, path)
        // Also where this host has locks, and another one had none.
        for locks in [false, true] {
          var files = files()
          if locks { files.lock = FileStore().lock }
          let error = failure { _ = try RunFolderLock(folder: folder.path, files: files) }
          #expect(error?.exitCode == 73 && error?.path == path, "\(words)")
          #expect(error?.detail.contains(words) == true)
          #expect(error?.detail.hasSuffix(text.isEmpty ? "this folder" : advice) == true)
          #expect(FileManager.default.fileExists(atPath: path))
        }
      }
    }
  }

  /// Somebody removed the file by hand, and another run made its own.
  @Test func aLockThatWasReplacedIsNoticedAndLeft() throws {
    try withTemporaryFolder { folder in
      let path = folder.path + "/.lock.owner"
      var lock: RunFolderLock? = try RunFolderLock(folder: folder.path, files: files())
      try write(owner { $0.host = "there" }.text, path)
      #expect(failure { try lock?.check() }?.kind == .locked)
      lock = nil
      #expect(try text(path).hasPrefix("host there\n"))
    }
  }

  /// The same file system on two hosts, of which one sees its locks, as with `nolock` of NFS.
  @Test func hostsWithAndWithoutLocksKeepEachOtherOut() throws {
    let there = owner { ($0.host, $0.boot, $0.machine) = ("there", "b2", "m2") }
    for first in [true, false] {
      try withTemporaryFolder { folder in
        let path = folder.path + "/.lock.owner"
        func lock(_ owner: LockOwner, hasLocks: Bool) throws -> RunFolderLock {
          var files = files(owner)
          if hasLocks { files.lock = FileStore().lock }
          return try RunFolderLock(folder: folder.path, files: files)
        }
        var held: RunFolderLock? = try lock(Self.me, hasLocks: first)
        #expect((held?.notice == nil) == first)
        #expect(try text(path) == Self.me.text + (first ? "lock flock\n" : ""))
        let error = failure { _ = try lock(there, hasLocks: !first) }
        #expect(error?.exitCode == 73 && error?.path == path)
        #expect(error?.detail.contains("process 40 on host here; ") == true, "\(error as Any)")
        try held?.check()
        held = nil
        #expect(!FileManager.default.fileExists(atPath: path))
        _ = try lock(there, hasLocks: !first)
      }
    }
  }

  /// After a crash, on whichever host: who gets the lock knows that its owner is dead. Elsewhere nobody knows.
  @Test func whoeverGetsTheLockTakesOver() throws {
    try withTemporaryFolder { folder in
      let path = folder.path + "/.lock.owner"
      var dead = owner { ($0.host, $0.process) = ("there", 7) }
      dead.holdsLock = true
      #expect(LockOwner(dead.text) == dead)
      try write(dead.text, path)
      let error = failure { _ = try RunFolderLock(folder: folder.path, files: files()) }
      #expect(error?.detail.contains("process 7 on host there; ") == true, "\(error as Any)")
      var locking = files()
      locking.lock = FileStore().lock
      let lock = try RunFolderLock(folder: folder.path, files: locking)
      #expect(try text(path) == Self.me.text + "lock flock\n")
      // Who removes the file harms nobody.
      try FileStore().unlink(path)
      try lock.check()
    }
  }

  /// A folder where nothing more can be made is told by what needs it.
  @Test func aLockNeedsNoFileOfItsOwner() throws {
    try withTemporaryFolder { folder in
      var files = files()
      files.lock = FileStore().lock
      files.write = { _, _ throws(SystemError) in throw SystemError(code: ENOSPC) }
      try RunFolderLock(folder: folder.path, files: files).check()
    }
  }

  @Test func aProcessIsKnownByItsStart() throws {
    let own = LockOwner.current
    #expect(own.process == getpid() && own.start > 0 && !own.host.isEmpty && !own.boot.isEmpty)
    #expect(ProcessLife(of: getpid()) == .started(own.start))
    #expect(ProcessLife(of: 2_147_483_646) == .gone)
    #expect(LockOwner(own.text) == own)
    #expect(LockOwner("host a\nprocess x\n") == nil)
  }

  @Test func aDiskThatIsFullLeavesNoFileOfNobody() throws {
    try withTemporaryFolder { folder in
      var files = files()
      files.write = { _, _ throws(SystemError) in throw SystemError(code: ENOSPC) }
      let full = files
      #expect(
        failure { _ = try RunFolderLock(folder: folder.path, files: full) }?.kind == .noSpace)
      #expect(!FileManager.default.fileExists(atPath: folder.path + "/.lock.owner"))
    }
  }
}
