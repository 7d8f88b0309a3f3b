import Files
import Foundation
import TestSupport
import Testing

/// Calls that a signal or a file server interrupts, and file systems that do not tell their room.
@Suite struct InterruptedCallTests {
  @Test func anInterruptedCallIsMadeAgain() throws {
    var calls = 0
    func call(last: Int32) -> Int32 {
      calls += 1
      errno = calls < 4 ? EINTR : last
      return calls < 4 || last != 0 ? -1 : 7
    }
    #expect(try checked(call(last: 0)) == 7 && calls == 4)
    calls = 0
    let error = #expect(throws: SystemError.self) { try checked(call(last: EIO)) }
    #expect(error?.code == EIO && calls == 4)
  }

  @Test func aFileSystemThatSaysNothingIsNotFull() throws {
    var status = statvfs()
    #expect(FileStore.freeBytes(status) == nil)
    status.f_blocks = 10
    status.f_frsize = 512
    #expect(FileStore.freeBytes(status) == 0)
    status.f_bavail = 3
    #expect(FileStore.freeBytes(status) == 1536)
    status.f_bavail = .max
    #expect(FileStore.freeBytes(status) == .max)

    try withTemporaryFolder { folder in
      let path = folder.path + "/file"
      var files = FileStore()
      files.freeBytes = { _ throws(SystemError) in nil }
      try AtomicFile(files: files).write("new", to: path)
      #expect(try text(path) == "new")
      files.freeBytes = { _ throws(SystemError) in 0 }
      #expect(failure { try AtomicFile(files: files).write("x", to: path) }?.kind == .noSpace)
    }
  }
}
