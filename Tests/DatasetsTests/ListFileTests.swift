import Datasets
import Foundation
import TestSupport
import Testing

@Suite struct ListFileTests {
  private func parse(_ text: String) throws -> [ListFile.Entry] {
    try parse(bytes: Array(text.utf8))
  }

  private func parse(
    bytes: [UInt8], root: String = "/", encoding: LabelEncoding? = nil
  ) throws -> [ListFile.Entry] {
    let list = try ListFile(bytes: bytes, path: "train.txt", root: root, encoding: encoding)
    return (0..<list.count).map { list[$0] }
  }

  private func message(_ bytes: [UInt8], encoding: LabelEncoding? = nil) -> String {
    do {
      return "no error: \(try parse(bytes: bytes, encoding: encoding))"
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
      (
        "2007_000032",
        "1 fields; expected an image and a label file; ids alone are read where the format is voc"
      ),
      ("a /", "path '/' names no file; expected one under the root folder"),
      ("/a/../b c", "path /a/../b goes up by '..'; expected one under the root folder"),
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

  @Test func blanksThatSeparateNothingAreNamed() throws {
    let expected = "which separates nothing; expected an image and a label file, a space or a tab "
    for (blank, name) in [
      ("\u{A0}", "a no-break space, U+00A0"),
      ("\u{200B}", "a character that does not show, U+200B"),
      ("\u{3000}", "a character that does not show, U+3000"),
    ] {
      #expect(
        message(Array("a.png\(blank)b.png".utf8))
          == "list: train.txt:1: 1 fields, and \(name), \(expected)between them")
      let list = try ListFile(bytes: Array("a\(blank) b".utf8), path: "l", root: "/")
      let error = #expect(throws: DatasetError.self) { try list.resolve(list[0].image, line: 1) }
      #expect(error?.reason.hasSuffix(" under /; the path holds \(name)") == true)
    }
  }

  @Test func aLeadingSlashIsTheRoot() throws {
    let folder = try TemporaryFolder()
    try folder.folder("root/images")
    try Data("x".utf8).write(to: URL(fileURLWithPath: folder.path + "/root/images/a"))
    try FileManager.default.createSymbolicLink(
      atPath: folder.path + "/link", withDestinationPath: "root")
    let root = folder.path + "/root"
    let lines = ["/images/a", "//images/a", root + "/images/a", folder.path + "/link/images/a"]
      .map { "\($0) /b\n" }.joined()
    for root in [folder.path + "/link", folder.path + "/link/"] {
      let entries = try parse(bytes: Array(lines.utf8), root: root)
      #expect(entries.map(\.image) == Array(repeating: "images/a", count: 4))
      #expect(entries.allSatisfy { $0.label == "b" })
    }
    let list = try ListFile(bytes: Array(lines.utf8), path: "l", root: root)
    #expect(try list.resolve(list[2].image, line: 3) == root + "/images/a")
    #expect(list.index(ofImage: folder.path + "/link/images/a") == 0)
    // Below no folder but that of the system, all absolute paths are.
    let all = try ListFile(bytes: Array("\(root)/images/a b".utf8), path: "l", root: "/")
    #expect(try all.resolve(all[0].image, line: 1) == root + "/images/a")
    let elsewhere = #expect(throws: DatasetError.self) { try list.resolve("etc/passwd", line: 3) }
    #expect(
      elsewhere?.description == "list: l:3: etc/passwd: No such file or directory under \(root); "
        + "/etc/passwd is not under it: choose a root folder above that")
  }

  @Test(arguments: [true, false])
  func idsOfVOCAreImagesAndLabels(hasAugmented: Bool) throws {
    let folder = try TemporaryFolder()
    if hasAugmented { try folder.folder("SegmentationClassAug") }
    let text = Array("2007_000032\r\n# more\n2011_003276\t\nx.jpg y.png\n".utf8)
    let labels = hasAugmented ? "SegmentationClassAug" : "SegmentationClass"
    #expect(
      try parse(bytes: text, root: folder.path, encoding: .voc).map {
        [$0.image, $0.label, "\($0.line)"]
      } == [
        ["JPEGImages/2007_000032.jpg", "\(labels)/2007_000032.png", "1"],
        ["JPEGImages/2011_003276.jpg", "\(labels)/2011_003276.png", "3"],
        ["x.jpg", "y.png", "4"],
      ])
    for line in ["JPEGImages/x.jpg", "x.jpg"] {
      #expect(
        message(Array(line.utf8), encoding: .voc)
          == "list: train.txt:1: 1 fields; expected an image and a label file, or an id of PASCAL VOC"
      )
    }
    #expect(message(Array("2007_000032".utf8), encoding: .camvid).hasSuffix("the format is voc"))
  }

  @Test func linksAreFollowedWhereverTheyLead() throws {
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
    try files.createSymbolicLink(
      atPath: root + "/folder", withDestinationPath: folder.path + "/root-other")
    try files.createSymbolicLink(atPath: root + "/broken", withDestinationPath: "none")
    try files.createSymbolicLink(atPath: folder.path + "/link", withDestinationPath: "root")
    // The root itself may be a link.
    let list = try ListFile(
      bytes: Array("inside outside\nfolder/b inside\n".utf8), path: "l", root: folder.path + "/link"
    )
    #expect(list.root == root)
    for path in ["inside", "outside", "folder/b"] {
      #expect(try list.resolve(path, line: 1) == root + "/" + path)
    }
    #expect(list.index(ofImage: root + "/folder/b") == 1)
    for path in ["images/b", "broken"] {
      let error = #expect(throws: DatasetError.self) { try list.resolve(path, line: 3) }
      #expect(error?.description == "list: l:3: \(path): No such file or directory under \(root)")
    }
  }
}
