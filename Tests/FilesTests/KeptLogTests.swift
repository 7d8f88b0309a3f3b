import Files
import Foundation
import TestSupport
import Testing

/// The log's lines in a file beside a run.
@Suite struct KeptLogTests {
  private func lines(_ path: String) throws -> [String] {
    try text(path).split(separator: "\n").map(String.init)
  }

  @Test func whatWasSaidBeforeStandsThereToo() throws {
    try withTemporaryFolder { folder in
      let path = folder.path + "/log.txt"
      let first = KeptLog()
      for line in ["a", "b"] { first.add(line) }
      try first.open(path, heading: "first start")
      #expect(try lines(path) == ["first start", "a", "b"])
      first.add("c")
      #expect(try lines(path) == ["first start", "a", "b", "c"])
      // Another process goes on.
      let second = KeptLog()
      second.add("d")
      try second.open(path, heading: "second start")
      #expect(try lines(path).suffix(3) == ["c", "second start", "d"])
    }
  }

  /// What warns is a line of the same log.
  @Test func aLogThatWasReplacedGoesOn() throws {
    try withTemporaryFolder { folder in
      let path = folder.path + "/log.txt"
      let log = KeptLog()
      try log.open(path, heading: "start", warn: { log.add("warning: \($0)") })
      log.add("a")
      try FileStore().unlink(path)
      log.add("b")
      log.add("c")
      let lines = try lines(path)
      #expect(lines.count == 3 && lines[0].hasPrefix("warning: \(path): found none"), "\(lines)")
      #expect(
        lines.first?.hasSuffix("2 of 2 are missing") == true && lines.dropFirst() == ["b", "c"])
    }
  }

  /// Whoever ends a job whose files hang must not wait for one of them.
  @Test func otherThreadsDoNotWrite() throws {
    try withTemporaryFolder { folder in
      let path = folder.path + "/log.txt"
      let log = KeptLog()
      try log.open(path, heading: "start")
      let isDone = DispatchSemaphore(value: 0)
      Thread {
        log.add("theirs")
        isDone.signal()
      }.start()
      isDone.wait()
      #expect(try lines(path) == ["start"])
      log.add("mine")
      #expect(try lines(path) == ["start", "theirs", "mine"])
    }
  }

  @Test func aFileThatCannotBeMadeCostsNothingElse() throws {
    try withTemporaryFolder { folder in
      let log = KeptLog()
      for number in 0..<2000 { log.add("\(number)") }
      #expect(failure { try log.open("/dev/null/log.txt", heading: "start") } != nil)
      log.add("2000")
      // Only the newest lines have waited.
      let path = folder.path + "/log.txt"
      try log.open(path, heading: "start")
      #expect(try lines(path) == ["start"] + (1001...2000).map(String.init))
    }
  }
}
