import Foundation
import ImageIO
import TestSupport
import Testing

extension CommandTests {
  /// Images, labels and lists as people have them.
  @Suite struct FoundDataTests {
    private func warnings(_ result: ProcessResult) -> [Substring] {
      result.standardError.split(separator: "\n").filter { $0.contains("warning: ") }
    }

    @Test("check tells the slips that are forgiven", arguments: [nil, 2])
    func slipsAreToldByCheck(ranks: Int?) throws {
      try withTinyData { data in
        for name in ["1.png", "3-labels.png"] {
          let url = URL(fileURLWithPath: data.path(name))
          try Data(contentsOf: url).dropLast(12).write(to: url)
        }
        let result = try Command.run(["check", data.recipe, "--pixels"], ranks: ranks)
        result.expectSuccess()
        let slip = "(the file ends before its last chunk, behind all pixels)"
        for text in [
          "training data: 2 samples, first 1.png \(slip)",
          "validation data: 1 samples, first 3.png \(slip)",
        ] {
          #expect(warnings(result).contains { $0.contains(text) }, "\(result)")
        }
        try Command.run(["train", data.recipe, "--out", data.path("run")], ranks: ranks)
          .expectSuccess()
      }
    }

    @Test func listsOfVOC() throws {
      try withTinyData { data in
        let files = FileManager.default
        for folder in ["JPEGImages", "elsewhere"] {
          try files.createDirectory(
            atPath: data.path(folder), withIntermediateDirectories: true)
        }
        try files.createSymbolicLink(
          atPath: data.path("SegmentationClass"), withDestinationPath: "elsewhere")
        for index in 0..<4 {
          try files.moveItem(
            atPath: data.path("\(index).png"), toPath: data.path("JPEGImages/a_\(index).jpg"))
          try files.moveItem(
            atPath: data.path("\(index)-labels.png"), toPath: data.path("elsewhere/a_\(index).png"))
        }
        try data.writeList((0..<4).map { "a_\($0)" }, "train.txt")
        try data.writeList(["/JPEGImages/a_2.jpg /SegmentationClass/a_2.png"], "val.txt")
        let check = ["check", data.recipe, "--pixels", "--set"]
        try Command.run(check + ["data.format=voc", "--set", "data.num_classes=21"])
          .expectSuccess()
        try Command.run(["train", data.recipe, "--out", data.path("run")]).expectFailure(
          65, ["train.txt:1: 1 fields; ", "ids alone are read where the format is voc"])
      }
    }

    @Test func turnedOrStored() throws {
      try withTinyData { data in
        // The first photo and its labels, upside down for those who do not look at their EXIF data.
        let tiff: [UInt8] = [
          0x49, 0x49, 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0,
        ]
        // The chunk "eXIf" with its checksum.
        let chunk = [0, 0, 0, 26] + Array("eXIf".utf8) + tiff + [0xff, 0xa8, 0x1f, 0x4d]
        let url = URL(fileURLWithPath: data.path("0.png"))
        let bytes = try Data(contentsOf: url)
        try (bytes.prefix(33) + chunk + bytes.dropFirst(33)).write(to: url)
        #expect(try ImageFile.header(data.path("0.png")).orientation == 3)

        let check = ["check", data.recipe, "--pixels"]
        let turned = try Command.run(check)
        #expect(
          warnings(turned).contains { $0.contains("data: 1 photos, first 0.png, have an EXIF ") },
          "\(turned)")
        let stored = try Command.run(check + ["--set", "data.orientation=stored"])
        #expect(!warnings(stored).contains { $0.contains("EXIF") }, "\(stored)")

        let train = ["train", data.recipe, "--out", data.path("run")]
        try Command.run(train + ["--set", "data.orientation=stored"]).expectSuccess()
        try Command.run(train + ["--set", "train.iterations=4"])
          .expectFailure(65, ["data.orientation: exif, was stored"])
      }
    }
  }
}
