import Files
import Foundation
import Synchronization
import TestSupport
import Testing

/// Records that cannot be written are lost whole.
@Suite struct RecordFileTests {
  /// Calls on files that write no more than `room` bytes; -1 lets all be written.
  private func files(_ room: Room, canCut: Bool = true) -> FileStore {
    var files = FileStore()
    files.write = { descriptor, bytes throws(SystemError) in
      let left = room.left.withLock { $0 }
      guard left != 0 else { throw SystemError(code: ENOSPC) }
      let part = left < 0 ? bytes.count : min(left, bytes.count)
      let count = try FileStore().write(
        descriptor, UnsafeRawBufferPointer(rebasing: bytes[..<part]))
      if left > 0 { room.left.withLock { $0 -= count } }
      return count
    }
    files.truncate = { descriptor, count throws(SystemError) in
      if !canCut, room.left.withLock({ $0 }) >= 0 { throw SystemError(code: EIO) }
      try FileStore().truncate(descriptor, count)
    }
    return files
  }

  private final class Room: Sendable {
    let left = Mutex(-1)
    func set(_ bytes: Int) { left.withLock { $0 = bytes } }
  }

  @Test(arguments: [true, false])
  func whatCouldNotBeWrittenTearsNothing(canCut: Bool) throws {
    try withTemporaryFolder { folder in
      let (path, room) = (folder.path + "/records", Room())
      let file = try #require(try RecordFile(new: path, files: files(room, canCut: canCut)))
      try file.append(Array("one\n".utf8))
      room.set(2)
      #expect(failure { try file.append(Array("two\n".utf8)) }?.kind == .noSpace)
      #expect(try text(path) == (canCut ? "one\n" : "one\ntw"))
      #expect(failure { try file.append(Array("three\n".utf8)) } != nil)
      room.set(-1)
      try file.append(Array("four\n".utf8))
      #expect(try text(path) == "one\nfour\n")
      #expect(try RecordFile(new: path) == nil)
    }
  }
}
