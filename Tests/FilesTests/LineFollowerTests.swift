import Files
import Foundation
import TestSupport
import Testing

/// Lines of a file that another process writes.
@Suite struct LineFollowerTests {
  private func next(_ follower: LineFollower) throws -> (lines: [String], isAnew: Bool) {
    let news = try follower.next()
    return (news.lines.map { String(decoding: $0, as: UTF8.self) }, news.isAnew)
  }

  private func append(_ text: String, _ path: String) throws {
    let file = try #require(FileHandle(forWritingAtPath: path))
    try file.seekToEnd()
    try file.write(contentsOf: Data(text.utf8))
    try file.close()
  }

  @Test func linesComeWholeAndOnce() throws {
    try withTemporaryFolder { folder in
      let path = folder.path + "/lines"
      let follower = LineFollower(path)
      #expect(try next(follower) == ([], false))
      try write("a\n\nb\nc", path)
      #expect(try next(follower) == (["a", "b"], true))
      #expect(try next(follower) == ([], false))
      try append("c\nd\n", path)
      #expect(try next(follower) == (["cc", "d"], false))
    }
  }

  /// A run that goes on from a checkpoint writes its file again without the lines after it.
  @Test(arguments: [true, false])
  func aFileWrittenAgainIsReadAgain(isReplaced: Bool) throws {
    try withTemporaryFolder { folder in
      let path = folder.path + "/lines"
      try write("a\nb\nc\n", path)
      let follower = LineFollower(path)
      #expect(try next(follower).lines.count == 3)
      try "a\nx\n".write(toFile: path, atomically: isReplaced, encoding: .utf8)
      #expect(try next(follower) == (["a", "x"], true))
    }
  }

  @Test func aLongFileIsReadToItsEnd() throws {
    try withTemporaryFolder { folder in
      let path = folder.path + "/lines"
      try write((0..<50_000).map { "\($0)\n" }.joined(), path)
      #expect(try next(LineFollower(path)).lines == (0..<50_000).map(String.init))
    }
  }
}
