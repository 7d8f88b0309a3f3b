import Datasets
import Foundation
import ImageIO
import TestSupport
import Testing

@Suite struct ListDatasetTests {
  private let cityscapesIDs = [
    7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33,
  ]

  /// The class of a stored value, nil if it is an error, as the datasets define it.
  private func expectedClass(_ name: String, _ value: Int) -> UInt8? {
    switch name {
    case "cityscapes":
      if let index = cityscapesIDs.firstIndex(of: value) { return UInt8(index) }
      return value < 34 || value == 255 ? 255 : nil
    case "camvid": return value < 11 ? UInt8(value) : value == 11 ? 255 : nil
    case "voc": return value < 21 ? UInt8(value) : value == 255 ? 255 : nil
    case "ade20k": return value == 0 ? 255 : value <= 150 ? UInt8(value - 1) : nil
    case "coco_stuff":
      // The ids less one; hats, shoes, mirrors and so on were never drawn.
      let absent = [11, 25, 28, 29, 44, 65, 67, 68, 70, 82, 90]
      if value == 255 { return 255 }
      return absent.contains(value) || value > 181
        ? nil : UInt8(value - absent.filter { $0 < value }.count)
    default: return value < 3 ? UInt8(value) : value == 255 ? 255 : nil
    }
  }

  @Test(arguments: ["cityscapes", "camvid", "voc", "ade20k", "coco_stuff", "train_ids"])
  func everyStoredValueBecomesItsClassOrAnError(_ name: String) throws {
    let format = try #require(encoding(name, classCount: 3))
    let folder = try TemporaryFolder()
    try PNGWriter.write(noise(width: 2, height: 2), to: folder.path + "/i.png")
    let dataset = try folder.list("i.png l.png", encoding: format)
    #expect(
      dataset.classes.count
        == ["cityscapes": 19, "camvid": 11, "voc": 21, "ade20k": 150, "coco_stuff": 171][
          name, default: 3])
    let palette = [RGBColour](repeating: RGBColour(1, 2, 3), count: 256)
    for value in 0...255 {
      let first: UInt8 = name == "ade20k" ? 1 : 0
      let stored = GrayImage(width: 2, height: 2, pixels: [first, first, UInt8(value), first])
      // PASCAL VOC stores palette indices, the others gray values.
      try PNGWriter.write(
        stored, palette: name == "voc" ? palette : [], to: folder.path + "/l.png")
      if let label = expectedClass(name, value) {
        #expect(try dataset.sample(0).labels.pixels[2] == label, "value \(value)")
      } else {
        let error = #expect(throws: DatasetError.self) { try dataset.sample(0) }
        #expect(error?.kind == .label && error?.place == folder.path + "/l.png")
        #expect(
          error?.reason.hasPrefix("value \(value) at row 1, column 0; expected one of") == true)
      }
    }
  }

  @Test func encodingsHaveNamesAndClasses() {
    #expect(encoding("unknown") == nil)
    #expect(encoding("train_ids") == nil)
    #expect(encoding("train_ids", classCount: 0) == nil)
    #expect(encoding("train_ids", classCount: 255) == nil)
    #expect(encoding("train_ids", classCount: 254)?.classes.count == 254)
    #expect(Set(LabelFormat.allCases.map(\.rawValue)).count == FormatTable.all.count)
    #expect(ClassList.cityscapes.names[13] == "car")
    #expect(ClassList.voc.colours[20] == RGBColour(0, 64, 128))
    #expect(ClassList.ade20k.names[17] == "class 17")
    for classes in [ClassList.cityscapes, .camvid, .voc, .ade20k, ClassList(count: 254)] {
      #expect(Set(classes.colours).count == classes.count)
      #expect(classes.palette.count == 256)
    }
  }

  /// A folder with a sound sample and one fault of each kind, and their list.
  private func faultyFolder() throws -> (folder: TemporaryFolder, list: String) {
    let folder = try TemporaryFolder()
    try folder.folder("d")
    func photo(_ name: String, _ width: Int, _ height: Int) throws {
      try PNGWriter.write(noise(width: width, height: height), to: folder.path + "/d/" + name)
    }
    try photo("a.png", 5, 4)
    try PNGWriter.write(
      GrayImage(width: 5, height: 4, pixels: .init(repeating: 1, count: 20)),
      to: folder.path + "/d/a-label.png")
    try PNGWriter.write(
      GrayImage(width: 4, height: 5, pixels: .init(repeating: 1, count: 20)),
      to: folder.path + "/d/turned.png")
    try PNGWriter.write(
      GrayImage(width: 5, height: 4, pixels: .init(repeating: 200, count: 20)),
      to: folder.path + "/d/value.png")
    try Data("no image".utf8).write(to: URL(fileURLWithPath: folder.path + "/d/text.png"))
    let whole = try Data(contentsOf: URL(fileURLWithPath: folder.path + "/d/a.png"))
    try whole.dropLast(20).write(to: URL(fileURLWithPath: folder.path + "/d/cut.png"))
    let list = """
      # image label
      d/a.png d/a-label.png
      d/a.png d/turned.png
      d/missing.png d/a-label.png
      d/text.png d/a-label.png
      d/a.png d/a.png
      d d/a-label.png
      d/a.png d/value.png
      d/cut.png d/a-label.png
      """
    return (folder, list)
  }

  private func expectedFaults(_ folder: String) -> [String] {
    [
      "label size: \(folder)/d/turned.png: 4 x 5 pixels; expected 5 x 4 as its image",
      "list: train.txt:4: d/missing.png: No such file or directory under \(folder)",
      "image: \(folder)/d/text.png: not a PNG or JPEG file",
    ]
  }

  @Test func samplesThrowTheirFault() throws {
    let (folder, text) = try faultyFolder()
    let dataset = try folder.list(text, encoding: #require(LabelEncoding.camvid))
    #expect(dataset.count == 8 && dataset.name(1) == "d/a.png")
    #expect(try dataset.sample(0).labels.pixels == [UInt8](repeating: 1, count: 20))
    for (index, expected) in expectedFaults(folder.path).enumerated() {
      let error = #expect(throws: DatasetError.self) { try dataset.sample(index + 1) }
      #expect(error?.description == expected)
    }
    for (index, kind) in [(4, DatasetError.Kind.image), (5, .image), (6, .label), (7, .image)] {
      let error = #expect(throws: DatasetError.self) { try dataset.sample(index) }
      #expect(error?.kind == kind)
    }
  }

  @Test(arguments: [1, 3])
  func checkFindsEveryFaultInListOrder(threadCount: Int) throws {
    let (folder, text) = try faultyFolder()
    let dataset = try folder.list(text, encoding: #require(LabelEncoding.camvid))
    let problems = try DatasetCheck.problems(in: dataset, threadCount: threadCount)
    // The photo that is cut off is found without --pixels too.
    #expect(problems.map(\.index) == [1, 2, 3, 5, 7])
    #expect(problems.prefix(3).map(\.description) == expectedFaults(folder.path))
    let thorough = try DatasetCheck.problems(
      in: dataset, decodesPixels: true, threadCount: threadCount)
    #expect(thorough.map(\.index) == [1, 2, 3, 4, 5, 6, 7])
    #expect(thorough.filter { [1, 2, 3, 5, 7].contains($0.index) } == problems)
  }

  @Test func findingsHoldLabelsAndTurnedPhotos() throws {
    let folder = try TemporaryFolder()
    // 24 x 16 pixels on the disk, 16 x 24 as viewers show them: EXIF orientation 6.
    let whole = try Data(contentsOf: URL(fileURLWithPath: Repository.fixture("images/rgb.jpg")))
    let tiff: [UInt8] = [
      0x49, 0x49, 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0,
    ]
    let segment = [0xff, 0xe1, 0, 34] + Array("Exif\0\0".utf8) + tiff
    try (whole.prefix(2) + segment + whole.dropFirst(2))
      .write(to: URL(fileURLWithPath: folder.path + "/turned.jpg"))
    try whole.write(to: URL(fileURLWithPath: folder.path + "/plain.jpg"))
    for (name, width, height) in [("wide", 24, 16), ("high", 16, 24)] {
      let pixels = (0..<width * height).map { [0, 2, 255][$0 % 3] as UInt8 }
      try PNGWriter.write(
        GrayImage(width: width, height: height, pixels: pixels), to: folder.path + "/\(name).png")
    }
    let list = "plain.jpg wide.png\nturned.jpg high.png\nturned.jpg wide.png"
    let dataset = try folder.list(list, encoding: .trainIDs(ClassList(count: 3)))
    for threads in [1, 3] {
      let found = try DatasetCheck.look(at: dataset, depth: .pixels, threadCount: threads)
      #expect(found.turned == [1])
      #expect(
        found.problems.map(\.description) == [
          "label size: \(folder.path)/wide.png: 24 x 16 pixels; expected 16 x 24 as its image, which its "
            + "EXIF orientation 6 turns; draw the labels on the turned image, or remove the orientation, "
            + "or leave all as stored by data.orientation: stored"
        ])
      #expect(found.labels.classes == [256, 0, 256] && found.labels.ignored == 256)
      #expect(found.labels.absent == [1] && found.labels.values == [0, 2, 255])
      let labels = try DatasetCheck.look(
        at: dataset, indices: [0, 1], depth: .labels, threadCount: threads)
      #expect(labels.labels == found.labels && labels.problems.isEmpty)
      let headers = try DatasetCheck.look(at: dataset, depth: .headers, threadCount: threads)
      #expect(headers.labels.total == 0 && headers.turned == [1] && headers.problems.count == 1)
    }
    let stored = ListDataset(list: dataset.list, encoding: dataset.encoding, turning: .stored)
    let found = try DatasetCheck.look(at: stored, depth: .pixels, threadCount: 1)
    #expect(found.turned.isEmpty && found.problems.map(\.index) == [1])
    #expect(try stored.sample(2).image == stored.sample(0).image)
  }

  @Test(arguments: [1, 3])
  func findingsTellForgivenSlips(threadCount: Int) throws {
    let folder = try TemporaryFolder()
    let bytes = try PNGWriter.encode(noise(width: 4, height: 3))
    let labels = try PNGWriter.encode(noiseLabels(width: 4, height: 3))
    for (name, bytes) in [("i", bytes), ("l", labels)] {
      let url = URL(fileURLWithPath: folder.path + "/\(name)")
      try Data(bytes).write(to: url.appendingPathExtension("png"))
      try Data(bytes.dropLast(12)).write(to: url.appendingPathExtension("cut"))
    }
    let list = "i.png l.png\ni.png l.cut\ni.cut l.png\ni.cut l.cut"
    let dataset = try folder.list(list, encoding: .trainIDs(ClassList(count: 11)))
    let found = try DatasetCheck.look(at: dataset, depth: .pixels, threadCount: threadCount)
    #expect(found.problems.isEmpty && found.slips.map(\.index) == [1, 2, 3])
    #expect(found.slips.allSatisfy { $0.slip.hasSuffix("behind all pixels") })
    let headers = try DatasetCheck.look(at: dataset, depth: .headers, threadCount: threadCount)
    #expect(headers.slips.isEmpty && headers.problems.isEmpty)
  }

  /// A value that is no class is counted like any other, and in how many files it is.
  @Test(arguments: [1, 3])
  func strangersAreCounted(threadCount: Int) throws {
    let folder = try TemporaryFolder()
    try PNGWriter.write(noise(width: 4, height: 1), to: folder.path + "/i.png")
    for (name, pixels) in [("a", [0, 0, 1, 2]), ("b", [2, 2, 2, 1]), ("c", [0, 1, 1, 255])] {
      try PNGWriter.write(
        GrayImage(width: 4, height: 1, pixels: pixels.map { UInt8($0) }),
        to: folder.path + "/\(name).png")
    }
    let dataset = try folder.list(
      "i.png a.png\ni.png b.png\ni.png c.png", encoding: .trainIDs(ClassList(count: 2)))
    for depth in [DatasetCheck.Depth.labels, .pixels] {
      let found = try DatasetCheck.look(at: dataset, depth: depth, threadCount: threadCount)
      #expect(found.problems.map(\.index) == [0, 1])
      #expect(Set(found.problems.map(\.error.likeness)) == ["label value value 2"])
      #expect(found.labels.strangers == [2] && found.labels.values == [0, 1, 2, 255])
      #expect(found.labels.stored[2] == 4 && found.labels.holders[2] == 2)
      #expect(found.labels.fileCount == 3 && found.labels.total == 12)
      #expect(found.labels.valuesInWords == "0-2, 255")
    }
    #expect(LabelCounts.inWords([]) == "none" && LabelCounts.inWords([3, 5, 6, 9]) == "3, 5-6, 9")
  }

  @Test func faultsOfOneCauseAreAlike() {
    func likeness(_ kind: DatasetError.Kind, _ reason: String) -> String {
      DatasetError(kind, at: "anywhere", reason).likeness
    }
    #expect(
      likeness(.list, "a/b 1.png: No such file under /root")
        == likeness(.list, "c.jpg: No such file under /root"))
    #expect(
      likeness(.size, "4 x 5 pixels; expected 5 x 4")
        == likeness(.size, "7 x 5 pixels; expected 8 x 9"))
    #expect(likeness(.label, "value 3 at row 1") == likeness(.label, "value 3 at row 9"))
    #expect(likeness(.label, "value 3 at row 1") != likeness(.label, "value 4 at row 1"))
    #expect(likeness(.image, "not a PNG") != likeness(.list, "not a PNG"))
  }

  @Test(arguments: [1, 2, 5, 31, 32, 33, 100, 7919])
  func samplesAreSpreadFromTheFirstToTheLast(count: Int) {
    let indices = DatasetCheck.spread(count, limit: 32)
    #expect(indices.count == min(count, 32) && Set(indices).count == indices.count)
    #expect(indices.first == 0 && indices.last == count - 1 && indices == indices.sorted())
  }

  @Test func classesMayHaveNamesOfTheirOwn() throws {
    let folder = try TemporaryFolder()
    let list = try ListFile(bytes: Array("a b".utf8), path: "train.txt", root: folder.path)
    let own = ClassList(names: ["road", "car"], colours: [RGBColour(1, 2, 3), RGBColour(4, 5, 6)])
    let encoding = LabelEncoding.trainIDs(ClassList(count: 2))
    #expect(ListDataset(list: list, encoding: encoding, classes: own).classes == own)
    #expect(ListDataset(list: list, encoding: encoding).classes.names == ["class 0", "class 1"])
  }

  @Test(arguments: [("cityscapes", false), ("voc", true), ("train_ids", true)])
  func masksAreOnlyWhereNothingIsAClass(_ name: String, isMask: Bool) throws {
    var counts = LabelCounts(try #require(encoding(name, classCount: 2)))
    #expect(!counts.isMask && counts.total == 0)
    counts.stored[255] = 3
    #expect(!counts.isMask && counts.ignored == 3)
    counts.stored[0] = 5
    #expect(counts.isMask == isMask && counts.valid == (isMask ? 5 : 0))
    counts.stored[7] = name == "cityscapes" ? 1 : 0
    #expect(counts.isMask == isMask && counts.ignored + counts.valid == counts.total)
  }
}
