import Files
import Foundation
import TestSupport
import Testing

/// Text as it is read from files, and as it is shown.
@Suite struct TextTests {
  @Test func onlyAMissingFileIsAbsent() throws {
    try withTemporaryFolder { folder in
      let path = folder.path + "/text"
      #expect(try WholeFile.text(path) == nil)
      try Data([0xEF, 0xBB, 0xBF, 0x61, 0xC3, 0xA9]).write(to: URL(fileURLWithPath: path))
      #expect(try WholeFile.text(path) == "a\u{E9}")
      #expect(failure { _ = try WholeFile.text(path, limit: 5) }?.kind == .unsuitable)
      #expect(try WholeFile.bytes(path, prefix: 4)?.count == 4)
      let folderError = failure { _ = try WholeFile.text(folder.path) }
      #expect(folderError?.description.hasPrefix("file refused: ") == true)
      #expect(folderError?.exitCode == 65)
      for code in [EACCES, EIO, ENOTDIR, ELOOP] {
        var files = FileStore()
        files.open = { _, _, _ throws(SystemError) in throw SystemError(code: code) }
        let failing = files
        #expect(failure { _ = try WholeFile.text(path, files: failing) }?.cause?.code == code)
      }
    }
  }

  @Test func otherEncodingsAreNamed() {
    #expect(TextBytes.fault(Array("\u{FEFF}gr\u{FC}n\n".utf8)) == nil)
    #expect(TextBytes.fault([]) == nil)
    #expect(TextBytes.fault([0x61, 0x0A, 0x62, 0xFC]) == "bytes that are not UTF-8 in line 2")
    let cases: [(mark: [UInt8], isBig: Bool)] = [
      ([0xFE, 0xFF], true), ([0xFF, 0xFE], false), ([], true), ([], false),
    ]
    for (mark, isBig) in cases {
      let text = "seed: 1\n".utf8.flatMap { letter -> [UInt8] in isBig ? [0, letter] : [letter, 0] }
      #expect(TextBytes.fault(mark + text) == "text in UTF-16")
    }
  }

  /// The disk is not to blame, so that the code is not its.
  @Test func wantOfMemoryIsTheHosts() throws {
    try withTemporaryFolder { folder in
      let path = folder.appendingPathComponent("a").path
      try Data(count: 8).write(to: URL(filePath: path))
      let file = try InputFile.open(path, files: FileStore())
      // More than any process may have.
      let error = failure { _ = try file.region(1 << 60) }
      #expect(error?.exitCode == 69 && error?.kind == .noMemory)
      #expect(error?.description.contains("give the process more memory") == true)
    }
  }

  @Test func aTerminalObeysNothing() {
    let letters = "caf\u{E9} \u{65E5}\u{672C} \u{1F600} \u{5D0} e\u{301}"
    #expect(escaped(letters) == letters)
    #expect(
      escaped("a\u{1B}[2J\u{9B}\u{7}\u{7F}\tb") == "a\\u{1b}[2J\\u{9b}\\u{7}\\u{7f}\\u{9}b")
    #expect(
      escaped("a\u{202E}b\u{2066}\u{200F}c\u{2028}") == "a\\u{202e}b\\u{2066}\\u{200f}c\\u{2028}")
    #expect(escaped("a\r\nb\nc", keepsLines: true) == "a\\u{d}\nb\nc")
    #expect(oneLine(String(repeating: "\u{1B}", count: 201)).count == 200 * 6 + 3)
  }
}
