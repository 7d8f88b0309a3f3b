import Datasets
import Foundation
import ImageIO
import TestSupport
import Testing

/// Images and labels in folders, paired by their names.
@Suite struct FoundSamplesTests {
  private func pairs(_ images: [String], _ labels: [String]) throws -> [[String]] {
    try FolderPairs(images: images, labels: labels).pairs.map { [$0.image, $0.label] }
  }

  @Test func namesThatBelongTogether() throws {
    #expect(
      try pairs(["a.jpg", "b.png"], ["b.png", "a.png"]) == [
        ["a.jpg", "a.png"], ["b.png", "b.png"],
      ])
    // An image's name, and that of its label file.
    for (image, label) in [
      ("t/x_leftImg8bit.png", "t/x_gtFine_labelIds.png"),
      ("t/x_leftImg8bit.png", "t/x_gtFine_labelTrainIds.png"), ("x.png", "x_L.png"),
      ("x.jpg", "x-mask.png"), ("x.JPG", "x_labels.PNG"), ("x.jpg", "x.label.png"),
      ("x_image.png", "x_segmentation.png"), ("img_7.jpg", "label_7.png"),
      ("x 1.jpg", "x 1 gt.png"),
      ("x_sat.jpg", "x_sat_mask.png"), ("x.y.jpg", "x.y.png"), ("a_mask.png", "a_mask.png"),
    ] {
      #expect(try pairs([image], [label]) == [[image, label]], "\(image) \(label)")
    }
    for (image, label) in [
      ("a/x.jpg", "b/x.png"), ("x.jpg", "x_color.png"), ("x.jpg", "y.png"), ("x1.jpg", "x_1.png"),
      ("x.jpg", "x_thing.png"), ("mask.png", "label.png"),
    ] {
      let found = try FolderPairs(images: [image], labels: [label])
      #expect(found.pairs.isEmpty && found.imagesAlone == [image], "\(image) \(label)")
    }
  }

  @Test func theBetterLabelFileIsTaken() throws {
    let labels = ["color", "instanceIds", "labelIds", "labelTrainIds"].map { "x_gtFine_\($0).png" }
    let all = try FolderPairs(images: ["x_leftImg8bit.png"], labels: labels)
    #expect(all.pairs.map(\.label) == ["x_gtFine_labelTrainIds.png"])
    // What lies beside it is not without an image.
    #expect(all.labelsAlone.isEmpty && all.labelWords == ["gtfine_labeltrainids"])
    let ids = try FolderPairs(images: ["x_leftImg8bit.png"], labels: Array(labels.dropLast()))
    #expect(ids.labelWords == ["gtfine_labelids"])
  }

  @Test func whatHasNoPartnerIsNamed() throws {
    let found = try FolderPairs(
      images: ["a.jpg", "b.jpg", "d/a.jpg"], labels: ["a_mask.png", "c_mask.png"])
    #expect(found.pairs.map(\.image) == ["a.jpg"])
    #expect(found.imagesAlone == ["b.jpg", "d/a.jpg"] && found.labelsAlone == ["c_mask.png"])
  }

  @Test func oneOfTwoIsNotChosen() {
    let labels = #expect(throws: DatasetError.self) {
      try FolderPairs(images: ["a.jpg"], labels: ["a_mask.png", "a-mask.png"])
    }
    #expect(labels?.reason.hasPrefix("two label files, a_mask.png and a-mask.png") == true)
    let images = #expect(throws: DatasetError.self) {
      try FolderPairs(images: ["a.jpg", "a.png"], labels: ["a_mask.png"])
    }
    #expect(images?.reason.hasPrefix("two images, a.jpg and a.png") == true)
  }

  private func touch(_ folder: TemporaryFolder, _ names: [String]) throws {
    for name in names {
      let url = URL(fileURLWithPath: folder.path + "/" + name)
      try FileManager.default.createDirectory(
        at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data().write(to: url)
    }
  }

  @Test func foldersAreLookedThrough() throws {
    let folder = try TemporaryFolder()
    try touch(
      folder,
      [
        "i/b/2.jpg", "i/a/1.JPEG", "i/.hidden.png", "i/x.txt", "i/._1.jpg", "l/a/1.png",
        "l/b/2.png",
      ])
    try FileManager.default.createSymbolicLink(
      atPath: folder.path + "/i/loop", withDestinationPath: folder.path + "/i")
    let found = try FoundSamples(images: folder.path + "/i", labels: folder.path + "/l")
    let root = FoundSamples.root(of: [found.images, found.labels])
    #expect(root == folder.path)
    #expect(
      found.samples(below: root).map { [$0.image, $0.label] } == [
        ["i/a/1.JPEG", "l/a/1.png"], ["i/b/2.jpg", "l/b/2.png"],
      ])
    #expect(found.imageCount == 2 && found.labelCount == 2)
  }

  @Test(arguments: [
    ["1.jpg", "1.png", "2.jpg", "2.png"], ["1.png", "1_mask.png", "2.png", "2_mask.png"],
  ])
  func oneFolderMayHoldBoth(names: [String]) throws {
    let folder = try TemporaryFolder()
    try touch(folder, names)
    let found = try FoundSamples(images: folder.path, labels: folder.path)
    #expect(found.samples(below: folder.path).flatMap { [$0.image, $0.label] } == names)
    #expect(found.files.imagesAlone.isEmpty && found.files.labelsAlone.isEmpty)
  }

  @Test func oneFolderMayLieInTheOther() throws {
    let folder = try TemporaryFolder()
    try touch(folder, ["1.png", "labels/1.png"])
    let found = try FoundSamples(images: folder.path, labels: folder.path + "/labels")
    let root = FoundSamples.root(of: [found.images, found.labels])
    #expect(
      found.samples(below: root).map { [$0.image, $0.label] } == [["1.png", "labels/1.png"]])
  }

  @Test func foldersOfNothingAreRefused() throws {
    let folder = try TemporaryFolder()
    try touch(folder, ["i/a.jpg", "l/b.png", "n/c.txt"])
    for (images, labels, reason) in [
      ("i", "l", "1 label files, first b.png, and none of them is called as one of the 1 images"),
      ("n", "l", "no PNG or JPEG file"), ("i", "n", "no PNG file"),
      ("i", "gone", "a folder that cannot be read: "),
    ] {
      let error = #expect(throws: DatasetError.self) {
        try FoundSamples(
          images: folder.path + "/" + images, labels: folder.path + "/" + labels)
      }
      #expect(error?.reason.hasPrefix(reason) == true, "\(String(describing: error))")
    }
  }

  @Test func rootsAreAboveAll() {
    #expect(FoundSamples.root(of: ["/a/b/c", "/a/b/d"]) == "/a/b")
    #expect(FoundSamples.root(of: ["/a/b", "/a/bc"]) == "/a")
    #expect(FoundSamples.root(of: ["/a/b", "/a/b/c"]) == "/a/b")
    #expect(FoundSamples.root(of: ["/a", "/b"]) == "/" && FoundSamples.root(of: ["/a"]) == "/a")
  }

  /// The reader finds what was written, whatever the files are called.
  @Test func listsReadBack() throws {
    let samples = [
      ("a.png", "b.png"), ("i/x y.jpg", "l/x y.png"), ("#1.jpg", " 1.png"),
      ("\u{E9}.jpg", "a\u{A0}b.png"),
    ]
    let text = try ListFile.text(of: samples.map { (image: $0.0, label: $0.1) })
    let list = try ListFile(bytes: Array(text.utf8), path: "train.txt", root: "/")
    #expect((0..<list.count).map { list[$0].image } == samples.map(\.0))
    #expect((0..<list.count).map { list[$0].label } == samples.map(\.1))
    for path in ["a\tb.png", "a\nb.png", String(repeating: "a", count: 4096)] {
      #expect(throws: DatasetError.self) { try ListFile.text(of: [(image: path, label: "l.png")]) }
    }
  }

  @Test(arguments: [2, 3, 10, 100, 1000])
  func namesDivideImages(count: Int) {
    let names = (0..<count).map { "frames/\($0).jpg" }
    let validating = NameSplit.validation(of: names)
    let share = Double(validating.count) / Double(count)
    #expect(count < 10 ? validating.count == 1 : (0.1...0.2).contains(share))
    // The same names validate in another order.
    let turned = Array(names.reversed())
    #expect(
      Set(validating.map { names[$0] }) == Set(NameSplit.validation(of: turned).map { turned[$0] }))
    #expect(count < 100 || validating != Set(0..<validating.count))
  }

  @Test func foldersDivideImages() throws {
    let parts = try #require(NameSplit.folders(of: ["train/a", "Val/b", "test/c", "train/x/d"]))
    #expect(parts.training == [0, 3] && parts.validation == [1])
    #expect(NameSplit.folders(of: ["train/a", "train/b"]) == nil)
    #expect(NameSplit.folders(of: ["train/a", "val/b", "c"]) == nil)
    #expect(NameSplit.folders(of: ["train", "val"]) == nil)
  }
}
