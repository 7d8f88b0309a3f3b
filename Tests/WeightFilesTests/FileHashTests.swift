import Foundation
import TestSupport
import Testing
import WeightFiles

/// Which files are read again to hash them.
@Suite struct FileHashTests {
  private func write(_ text: String, _ path: String) throws {
    // In place: the file stays the same one.
    let file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
    defer { close(file) }
    try #require(file >= 0 && Glibc.write(file, text, text.utf8.count) == text.utf8.count)
  }

  private func setTime(_ path: String) throws {
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSince1970: 1e9)], ofItemAtPath: path)
  }

  /// Clocks of any year, also where nanoseconds since 1970 do not fit into 64 bits.
  @Test(arguments: [
    -1_230_000_000, 0, 1_800_000_000, 9_223_372_036, 10_800_000_000, 67_000_000_000,
  ])
  func aFileIsSettledInAnyYear(seconds: Int) {
    let time = timespec(tv_sec: seconds, tv_nsec: 5)
    let now = seconds &* 1_000_000_000
    for (age, isSettled) in [(-1, false), (0, false), (1, false), (3, true), (100_000_000, true)] {
      let changed = now &- age * 1_000_000_000
      let mark = FileHash.Mark(
        modified: changed &- 5_000_000_000, changed: changed, inode: 1, fileSystem: 1)
      #expect(mark.isSettled(at: time) == isSettled, "\(age) s")
    }
  }

  /// What an archive with fixed times is unpacked over, or somebody sets back.
  @Test func aFileOfTheSameSizeAndTimeIsReadAgain() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/a.png"
    try write("one", path)
    try setTime(path)
    let first = try FileHash(path)
    // Longer than a file system's clock stands still.
    usleep(50_000)
    try write("two", path)
    try setTime(path)
    let second = try FileHash(path, earlier: first)
    #expect(second.byteCount == first.byteCount)
    #expect(second.mark.modified == first.mark.modified && second.mark.inode == first.mark.inode)
    #expect(second.digits != first.digits)
    #expect(try second.digits == FileHash(path).digits)
  }

  /// Nanoseconds of such a year are no number of 64 bits.
  @Test func aTimeFarAwayIsOneLikeOthers() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/a.png"
    try write("one", path)
    let first = try FileHash(path)
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSince1970: 1.5e10)], ofItemAtPath: path)
    #expect(try FileHash(path).digits == first.digits)
  }

  /// Where a file system tells one time for all, or its image was made anew with fixed times and numbers.
  @Test func anotherFileIsReadAgain() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/a.png"
    try write("one", path)
    let now = try FileHash(path)
    func earlier(inode: Int = 0, fileSystem: Int = 0) -> FileHash {
      FileHash(
        digits: String(repeating: "a", count: 32), byteCount: 3,
        mark: .init(
          modified: now.mark.modified, changed: now.mark.changed, inode: now.mark.inode + inode,
          fileSystem: now.mark.fileSystem &+ fileSystem))
    }
    #expect(now.mark.fileSystem != 0)
    #expect(try FileHash(path, earlier: earlier()).digits.hasPrefix("aaaa"))
    #expect(try FileHash(path, earlier: earlier(inode: 1)) == now)
    #expect(try FileHash(path, earlier: earlier(fileSystem: 1)) == now)
    let unmarked = FileHash(digits: String(repeating: "a", count: 32), byteCount: 3, mark: .unknown)
    #expect(try FileHash(path, earlier: unmarked) == now)
  }
}
