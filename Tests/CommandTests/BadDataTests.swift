import Foundation
import ImageIO
import TestSupport
import Testing

extension CommandTests {
  /// A bad image, label or list ends every rank with the line of the one that read it.
  @Suite struct BadDataTests {
    /// Damage to the second image, which is rank 1's of two; the name of the file to blame.
    enum Damage: String, CaseIterable, Sendable {
      case missingImage, brokenImage, missingLabels, otherSize, otherValue

      func apply(_ data: TinyData) throws {
        switch self {
        case .missingImage: try FileManager.default.removeItem(atPath: data.path("1.png"))
        case .brokenImage:
          let bytes = try PNGWriter.encode(TinyData.photo(1))
          try Data(bytes.prefix(bytes.count / 2)).write(
            to: URL(fileURLWithPath: data.path("1.png")))
        case .missingLabels:
          try FileManager.default.removeItem(atPath: data.path("1-labels.png"))
        case .otherSize:
          try PNGWriter.write(
            TinyData.labels(1, height: 16, width: 64), to: data.path("1-labels.png"))
        case .otherValue:
          var labels = TinyData.labels(1)
          labels.pixels[65] = 7
          try PNGWriter.write(labels, to: data.path("1-labels.png"))
        }
      }

      var texts: [String] {
        switch self {
        case .missingImage: ["train.txt:2: 1.png: No such file"]
        case .brokenImage: ["image: ", "/1.png: "]
        case .missingLabels: ["train.txt:2: 1-labels.png: No such file"]
        case .otherSize: ["label size: ", "/1-labels.png: 64 x 16 pixels; expected 64 x 32"]
        case .otherValue:
          ["label value: ", "/1-labels.png: value 7 at row 1, column 1; expected one of the 3"]
        }
      }
    }

    @Test(arguments: Damage.allCases, [nil, 2])
    func damage(_ damage: Damage, ranks: Int?) throws {
      try withTinyData { data in
        try damage.apply(data)
        let result = try Command.run(
          ["train", data.recipe, "--out", data.path("run")], ranks: ranks)
        result.expectFailure(65, damage.texts + (ranks == 2 ? ["rank 1 (host "] : []))
      }
    }

    @Test("check says each of them before the run does", arguments: Damage.allCases)
    func check(_ damage: Damage) throws {
      try withTinyData { data in
        try damage.apply(data)
        let result = try Command.run(["check", data.recipe, "--pixels"], ranks: 2)
        result.expectFailure(65, ["found 1 problem;"])
        let lines = result.standardError.split(separator: "\n").filter {
          $0.hasPrefix("rdd: problem: ")
        }
        #expect(lines.count == 1, "\(result)")
        for text in damage.texts { #expect(lines.first?.contains(text) == true, "\(result)") }
      }
    }

    @Test(arguments: [nil, 2])
    func lineThatLeavesTheRoot(ranks: Int?) throws {
      try withTinyData { data in
        try data.writeList(["0.png 0-labels.png", "../1.png 1-labels.png"], "train.txt")
        try Command.run(["train", data.recipe, "--out", data.path("run")], ranks: ranks)
          .expectFailure(65, ["train.txt:2: path ../1.png goes up by '..'"])
      }
    }

    @Test("An image beyond the recipe's bound names the key")
    func imageBeyondTheBound() throws {
      try withTinyData { data in
        try PNGWriter.write(
          TinyData.photo(1, height: 600, width: 600), to: data.path("1.png"))
        try Command.run(
          ["train", data.recipe, "--out", data.path("run"), "--set", "data.image_mebibytes=1"]
        ).expectFailure(
          65, ["/1.png: 600 x 600 pixels; ", "data.image_mebibytes is 1: raise it, or make"])
      }
    }

    @Test func missingListAndRoot() throws {
      try withTinyData { data in
        let train = ["train", data.recipe, "--out", data.path("run"), "--set"]
        try Command.run(train + ["data.train_list=none.txt"])
          .expectFailure(66, ["data.train_list: ", "/none.txt: found no file"])
        try Command.run(train + ["data.root=/nowhere"])
          .expectFailure(66, ["data.root: /nowhere: found no folder", "--set data.root=FOLDER"])
      }
    }

    @Test("A bad image in the middle of a run loses nothing that was saved")
    func savedWorkStays() throws {
      try withTinyData { data in
        // The images of iteration 2, of which rank 1 reads the second.
        let bytes = try PNGWriter.encode(TinyData.photo(3))
        let bad = URL(fileURLWithPath: data.path("bad.png"))
        try Data(bytes.prefix(40)).write(to: bad)
        let list = ["0.png", "1.png", "2.png", "bad.png"].enumerated()
        try data.writeList(list.map { "\($1) \($0)-labels.png" }, "train.txt")
        let train = ["train", data.recipe, "--out", data.path("run")]
        try Command.run(train, ranks: 2).expectFailure(65, ["rank 1 (host ", "/bad.png: "])
        let saved = data.path("run/checkpoints/iteration_0000001.safetensors")
        #expect(FileManager.default.fileExists(atPath: saved))

        try Data(bytes).write(to: bad)
        let second = try Command.run(train, ranks: 2)
        second.expectSuccess()
        #expect(second.standardError.contains("going on from \(saved) (iteration 1)"), "\(second)")
        #expect(FileManager.default.fileExists(atPath: data.path("run/student.safetensors")))
      }
    }
  }
}
