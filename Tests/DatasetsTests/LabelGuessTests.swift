import Datasets
import ImageIO
import TestSupport
import Testing

/// What the values of unknown labels mean.
@Suite struct LabelGuessTests {
  private func guess(
    _ values: [Int], words: Set<String> = [""], folder: String = "/labels"
  ) throws -> LabelGuess {
    var survey = LabelSurvey()
    for value in values { survey.counts.stored[value] = 10 }
    return try LabelGuess(survey.counts, words: words, folder: folder)
  }

  @Test func indicesAreTakenAsTheyAre() throws {
    let plain = try guess(Array(0..<7) + [255])
    #expect(plain.encoding == .trainIDs(ClassList(count: 7)))
    #expect(plain.ignored == [255] && plain.absent.isEmpty && plain.questions.isEmpty)
    #expect(plain.meaning(of: 3) == "class 3" && plain.meaning(of: 255) == "ignored")
    let holes = try guess([0, 2, 5, 255])
    #expect(holes.encoding.classes.count == 6 && holes.absent == [1, 3, 4])
    #expect(try guess([0, 1]).encoding.classes.count == 2)
    #expect(try guess([0]).encoding.classes.count == 1)
    // Few labels of many classes.
    #expect(
      try guess(stride(from: 0, to: 150, by: 6).map { $0 } + [149]).encoding.classes.count == 150)
  }

  @Test func whatCannotBeKnownIsAsked() throws {
    let background = try guess([0, 1, 2, 3])
    #expect(background.encoding.classes.count == 4 && background.ignored.isEmpty)
    #expect(background.questions.count == 1)
    #expect(background.questions.first?.contains("If 0 means 'ignored'") == true)
    let fromOne = try guess([1, 2, 3])
    #expect(fromOne.encoding.classes.count == 4 && fromOne.absent == [0])
    #expect(fromOne.questions.first?.contains("num_classes: 3.") == true)
  }

  @Test func knownLayoutsAreKnown() throws {
    let camvid = try guess(Array(0...11))
    #expect(camvid.encoding == .camvid && camvid.ignored == [11])
    #expect(camvid.questions.first?.contains("num_classes: 12") == true)
    // With 255 beside it, 11 is a class.
    #expect(try guess(Array(0...11) + [255]).encoding.classes.count == 12)
    let ade = try guess(Array(0...150))
    #expect(ade.encoding == encoding("ade20k") && ade.ignored == [0] && ade.absent.isEmpty)
    let ids = try guess([0, 1, 7, 8, 11, 33], words: ["gtfine_labelids"])
    #expect(ids.encoding == .cityscapes && ids.ignored == [0, 1] && ids.absent.count == 15)
    #expect(ids.meaning(of: 7) == "road")
    let absent = [11, 25, 28, 29, 44, 65, 67, 68, 70, 82, 90]
    let stuff = try guess((0...181).filter { !absent.contains($0) } + [255])
    #expect(stuff.encoding == encoding("coco_stuff") && stuff.absent.isEmpty)
    #expect(stuff.meaning(of: 12) == "stop sign" && stuff.meaning(of: 181) == "wood")
    #expect(try guess(Array(0...181)).encoding.classes.count == 182)
    let voc = try guess([0, 15, 255], folder: "/VOC2012/SegmentationClass")
    #expect(voc.encoding == .voc && voc.meaning(of: 15) == "person")
  }

  @Test(arguments: [[0, 255], [255], [0, 128], [0, 38, 75, 113], [50, 100, 150, 200, 250], []])
  func whatIsNoIndexIsRefused(values: [Int]) {
    let error = #expect(throws: DatasetError.self) { try guess(values) }
    #expect(error?.kind == .label && error?.place == "/labels")
  }

  private func write(_ folder: TemporaryFolder, _ name: String, _ pixels: [UInt8], _ width: Int)
    throws
  {
    try PNGWriter.write(
      GrayImage(width: width, height: pixels.count / width, pixels: pixels),
      to: folder.path + "/\(name).png")
    try PNGWriter.write(
      noise(width: width, height: pixels.count / width), to: folder.path + "/\(name).jpg")
  }

  @Test(arguments: [1, 3])
  func surveysCountValuesFilesAndSizes(threadCount: Int) throws {
    let folder = try TemporaryFolder()
    try write(folder, "a", [0, 0, 1, 255], 4)
    try write(folder, "b", [1, 1, 1, 1, 7, 1], 2)
    try write(folder, "c", [9, 9], 1)
    let text = "a.jpg a.png\nb.jpg b.png\nc.jpg c.png"
    let list = try ListFile(bytes: Array(text.utf8), path: "train.txt", root: folder.path)
    let survey = try LabelSurvey.look(at: list, indices: [0, 1], threadCount: threadCount)
    #expect(survey.counts.values == [0, 1, 7, 255] && survey.counts.fileCount == 2)
    #expect(survey.counts.stored[1] == 6 && survey.counts.holders[1] == 2)
    #expect(survey.smallest == (1, 2) && survey.largest == (3, 4))
    try write(folder, "b", [1, 254], 2)
    let error = #expect(throws: DatasetError.self) {
      try LabelSurvey.look(at: list, indices: [0, 1, 2], threadCount: threadCount)
    }
    #expect(error?.kind == .label && error?.place == folder.path + "/b.png")
  }
}
