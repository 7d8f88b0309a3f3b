import Datasets
import Foundation
import Testing

@Suite struct ListFileTests {
  private func parse(_ text: String) throws -> [ListFile.Entry] {
    try parse(bytes: Array(text.utf8))
  }

  private func parse(bytes: [UInt8]) throws -> [ListFile.Entry] {
    let list = try ListFile(bytes: bytes, path: "train.txt", root: "/")
    return (0..<list.count).map { list[$0] }
  }

  private func message(_ bytes: [UInt8]) -> String {
    do {
      return "no error: \(try parse(bytes: bytes))"
    } catch {
      return "\(error)"
    }
  }

  @Test func linesBecomeEntries() throws {
    let entries = try parse("# list\na.png b.png\n\n  \t\nx/c d.jpg\ty/e f.png \r\n./g.jpg  h.png")
    #expect(
      entries.map { [$0.image, $0.label, "\($0.line)"] } == [
        ["a.png", "b.png", "2"],
        ["x/c d.jpg", "y/e f.png", "5"],
        ["./g.jpg", "h.png", "6"],
      ])
  }

  @Test func faultyLinesAreNamed() {
    let long = String(repeating: "a", count: 4097)
    for (line, reason) in [
      ("a.png", "1 fields; expected an image and a label file"),
      ("a.png b.png c.png", "3 fields; expected an image and a label file"),
      ("a\tb\tc", "3 fields; expected an image and a label file"),
      ("a.png \t", "1 fields; expected an image and a label file"),
      ("/etc/passwd b", "absolute path /etc/passwd; expected one relative to the root folder"),
      ("a /b", "absolute path /b; expected one relative to the root folder"),
      ("../a b", "path ../a goes up by '..'; expected one under the root folder"),
      ("a x/../../b", "path x/../../b goes up by '..'; expected one under the root folder"),
      ("a b/..", "path b/.. goes up by '..'; expected one under the root folder"),
      ("\(long) b", "a path of 4097 bytes; expected at most 4096"),
      ("a\u{0} b", "a path with control characters or invalid UTF-8"),
      ("a b\u{1b}[2J", "a path with control characters or invalid UTF-8"),
    ] {
      #expect(message(Array("ok ok\n\(line)\n".utf8)) == "list: train.txt:2: \(reason)")
    }
    #expect(
      message([0x61, 0xFF, 0x20, 0x62])
        == "list: train.txt:1: a path with control characters or invalid UTF-8")
    for text in ["", "\n\n", "# nothing"] {
      #expect(message(Array(text.utf8)) == "list: train.txt: no samples")
    }
  }

  @Test func aByteOrderMarkIsSkippedAndUTF16Named() throws {
    for text in ["a.png b.png\n", "# first\na.png b.png\n"] {
      #expect(try parse("\u{FEFF}" + text).first?.image == "a.png")
    }
    let wide: [UInt8] = [0xFF, 0xFE] + "a.png b.png\n".utf8.flatMap { [$0, 0] }
    for bytes in [wide, Array(wide.dropFirst(2))] {
      #expect(
        message(bytes)
          == "list: train.txt: text in UTF-16; expected text in UTF-8; save it as such")
    }
  }

  @Test func dotsInNamesAreAllowed() throws {
    #expect(try parse("a..b ..c/d...\n").first?.label == "..c/d...")
    #expect(try parse(String(repeating: "a", count: 4096) + " b").count == 1)
  }

  @Test func tooManyLinesAreRefused() {
    let lines = [UInt8](repeating: 0x0A, count: ListFile.Limit.lines + 1)
    #expect(message(lines) == "list: train.txt: more than 10000000 lines")
  }

  @Test func missingFilesAreNamed() throws {
    let folder = try TemporaryFolder()
    let missing = folder.path + "/no.txt"
    var error = #expect(throws: DatasetError.self) {
      try ListFile(path: missing, root: folder.path)
    }
    #expect(error?.description == "list: \(missing): No such file or directory")
    error = #expect(throws: DatasetError.self) {
      try ListFile(bytes: Array("a b".utf8), path: "l", root: missing)
    }
    #expect(error?.description == "list: l: root folder \(missing): No such file or directory")
  }

  @Test func linksMayNotLeadOutOfTheRoot() throws {
    let folder = try TemporaryFolder()
    try folder.folder("root/images")
    try folder.folder("root-other")
    for name in ["root/images/a", "root-other/b"] {
      try Data("x".utf8).write(to: URL(fileURLWithPath: folder.path + "/" + name))
    }
    let files = FileManager.default
    let root = folder.path + "/root"
    try files.createSymbolicLink(atPath: root + "/inside", withDestinationPath: "images/a")
    try files.createSymbolicLink(atPath: root + "/outside", withDestinationPath: "../root-other/b")
    try files.createSymbolicLink(atPath: root + "/folder", withDestinationPath: "/etc")
    try files.createSymbolicLink(atPath: folder.path + "/link", withDestinationPath: "root")
    // The root itself may be a link.
    let list = try ListFile(
      bytes: Array("inside outside\n".utf8), path: "l", root: folder.path + "/link")
    #expect(list.root == root)
    #expect(try list.resolve("inside", line: 1) == root + "/images/a")
    for path in ["outside", "folder/passwd"] {
      let error = #expect(throws: DatasetError.self) { try list.resolve(path, line: 7) }
      #expect(error?.description == "list: l:7: \(path): leads outside the root folder \(root)")
    }
    let error = #expect(throws: DatasetError.self) { try list.resolve("images/b", line: 3) }
    #expect(
      error?.description == "list: l:3: images/b: No such file or directory under \(root)")
  }
}
