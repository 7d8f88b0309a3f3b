import Files
import Foundation
import Synchronization
import TestSupport
import Testing

/// Text that goes to people, whatever becomes of where it goes.
@Suite struct TextStreamTests {
  @Test func aFullDiskAndAClosedStreamAreErrors() throws {
    let full = open("/dev/full", O_WRONLY)
    #expect(TextStream(full).write("a\n", seconds: 1).error?.code == ENOSPC)
    close(full)
    // A descriptor that no limit allows: one that was just closed may be another test's by now.
    #expect(TextStream(.max).write("a\n", seconds: 1).error?.code == EBADF)
  }

  @Test func aPipeThatNobodyReadsCostsTheTimeThatWasGiven() throws {
    try withPipe { reader, writer in
      for flags in [0, O_NONBLOCK] {
        _ = fcntl(writer, F_SETFL, O_NONBLOCK)
        let junk = [UInt8](repeating: 0, count: 65536)
        while write(writer, junk, junk.count) > 0 {}
        _ = fcntl(writer, F_SETFL, flags)
        let begin = Date()
        let outcome = TextStream(writer).write("a\n", seconds: 0.2)
        #expect(outcome.error?.code == EAGAIN)
        #expect((0.19...5).contains(Date().timeIntervalSince(begin)))
      }
    }
  }

  @Test func aSlowReaderGetsAll() throws {
    try withPipe { reader, writer in
      _ = fcntl(writer, F_SETFL, O_NONBLOCK)
      let text = String(repeating: "0123456789", count: 20_000)
      let read = Mutex([UInt8]())
      let thread = Thread {
        var buffer = [UInt8](repeating: 0, count: 5000)
        while true {
          let count = Glibc.read(reader, &buffer, buffer.count)
          guard count > 0 else { break }
          read.withLock { $0 += buffer[..<count] }
          if read.withLock({ $0.count }) == text.utf8.count { break }
          usleep(1000)
        }
      }
      thread.start()
      let outcome = TextStream(writer).write(text, seconds: nil)
      #expect(outcome.error == nil && outcome.byteCount == text.utf8.count)
      while !thread.isFinished { usleep(1000) }
      #expect(read.withLock { $0 } == Array(text.utf8))
    }
  }

  @Test func interruptionsAndShortWritesLoseNothing() {
    let written = Mutex([UInt8]())
    let calls = Atomic(0)
    let stream = TextStream(STDERR_FILENO) { bytes, count in
      guard calls.add(1, ordering: .relaxed).newValue % 2 == 0 else {
        errno = EINTR
        return -1
      }
      let taken = min(count, 3)
      let piece = UnsafeRawBufferPointer(start: bytes, count: taken)
      written.withLock { $0 += Array(piece) }
      return taken
    }
    #expect(stream.write("a line\n", seconds: 1).error == nil)
    #expect(written.withLock { $0 } == Array("a line\n".utf8))
  }

  @Test func whatWasWrittenBeforeAnErrorIsCounted() {
    let calls = Atomic(0)
    let stream = TextStream(STDERR_FILENO) { _, count in
      errno = EIO
      return calls.add(1, ordering: .relaxed).newValue == 1 ? 2 : -1
    }
    let outcome = stream.write("a line\n", seconds: 1)
    #expect(outcome.error?.code == EIO && outcome.byteCount == 2)
  }

  private func withPipe(_ body: (_ reader: Int32, _ writer: Int32) throws -> Void) throws {
    var ends: [Int32] = [0, 0]
    try #require(pipe(&ends) == 0)
    defer { for end in ends { close(end) } }
    try body(ends[0], ends[1])
  }
}
