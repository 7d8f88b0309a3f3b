import Foundation
import ImageIO
import TestSupport
import Testing

extension CommandTests {
  /// A bad image, label or list ends every rank with the line of the one that read it.
  @Suite struct BadDataTests {
    /// Damage to the second image, which rank 1 of two trains on; the name of the file to blame.
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

      var code: Int32 { [.missingImage, .missingLabels].contains(self) ? 66 : 65 }

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
        result.expectFailure(damage.code, damage.texts + (ranks == 2 ? ["rank ", " (host "] : []))
      }
    }

    @Test(
      "check says each of them before the run does", arguments: Damage.allCases, [[], ["--pixels"]])
    func check(_ damage: Damage, options: [String]) throws {
      try withTinyData { data in
        try damage.apply(data)
        let result = try Command.run(["check", data.recipe] + options, ranks: 2)
        result.expectFailure(damage.code, ["found 1 problem;"])
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
        try Command.run(train, ranks: 2).expectFailure(
          65,
          ["rank 1 (host ", "/bad.png: ", "; iteration 1 is saved, from which the same command"])
        let saved = data.path("run/checkpoints/iteration_0000001.safetensors")
        #expect(FileManager.default.fileExists(atPath: saved))

        // The mended image is another one, which the run may have if its user says so.
        try Data(bytes).write(to: bad)
        try Command.run(train, ranks: 2)
          .expectFailure(65, ["other training data (bad.png)", "--accept data"])
        let second = try Command.run(train + ["--accept", "data"], ranks: 2)
        second.expectSuccess()
        #expect(second.standardError.contains("going on from \(saved) (iteration 1)"), "\(second)")
        #expect(FileManager.default.fileExists(atPath: data.path("run/student.safetensors")))
      }
    }

    /// Labels of which nothing can be learned: the values of all label files in turn.
    private func write(_ values: [UInt8], _ data: TinyData) throws {
      let count = TinyData.width * TinyData.height
      let labels = GrayImage(
        width: TinyData.width, height: TinyData.height,
        pixels: (0..<count).map { values[$0 % values.count] })
      for index in 0..<4 { try PNGWriter.write(labels, to: data.path("\(index)-labels.png")) }
    }

    private func warnings(_ result: ProcessResult) -> [String] {
      result.standardError.split(separator: "\n").map(String.init)
        .filter { $0.contains("warning: ") }
    }

    @Test("Train ids read as Cityscapes ids end the run", arguments: [nil, 2])
    func labelsOfNothing(ranks: Int?) throws {
      try withTinyData { data in
        try write([0, 3, 6], data)
        let set = ["data.format=cityscapes", "data.num_classes=19"].flatMap { ["--set", $0] }
        let advice =
          "look at data.format (found cityscapes) and at the label files of data.train_list"
        let train = ["train", data.recipe, "--out", data.path("run")] + set
        let limited = train + ["--set", "train.nothing_limit=2", "--set", "train.iterations=8"]
        let result = try Command.run(limited, ranks: ranks)
        result.expectFailure(
          65, ["labels: iteration 2: found no labelled pixel in 2 batches in a row", advice])
        #expect(warnings(result).count { $0.contains("iteration 1: no labelled pixel") } == 1)

        let check = try Command.run(["check", data.recipe] + set, ranks: ranks)
        check.expectSuccess()
        let first = "training labels: no labelled pixel, only the values 0, 3, 6; "
        #expect(warnings(check).contains { $0.contains(first + advice) }, "\(check)")
      }
    }

    @Test(
      "A value that is no class in many labels is one problem with a hint", arguments: [nil, 2])
    func strangeValues(ranks: Int?) throws {
      try withTinyData { data in
        func check(_ values: [UInt8], _ options: [String] = []) throws -> [String] {
          try write(values, data)
          let result = try Command.run(["check", data.recipe] + options, ranks: ranks)
          result.expectFailure(65, ["found 1 problem;"])
          let lines = result.standardError.split(separator: "\n").map(String.init)
          let problems = lines.filter { $0.hasPrefix("rdd: problem: ") }
          #expect(problems.count == 1, "\(result)")
          #expect(problems.first?.hasSuffix("; the same of 3 others") == true, "\(result)")
          return warnings(result)
        }
        let found = " is no class, and is in 4 of 4 label files read, 25.00 % of the pixels; "
        for options in [[], ["--pixels"]] {
          let plain = try check([0, 1, 2, 3], options)
          let hint =
            "training labels: the value 3\(found)if 3 means 'ignored', write 255 in its place"
          #expect(plain.contains { $0.contains(hint) }, "\(plain)")
        }
        let camvid = try check([0, 1, 2, 11], ["--set", "data.num_classes=11"])
        let hint = "the value 11\(found)if 11 means 'ignored', set data.format: camvid"
        #expect(camvid.contains { $0.contains(hint) }, "\(camvid)")
      }
    }

    @Test("check says which values some labels hold, and each class's share", arguments: [nil, 2])
    func sharesOfClasses(ranks: Int?) throws {
      try withTinyData { data in
        try write([0, 0, 1, 255], data)
        let names = "data.classes=[{name: road}, {name: car}, {name: sky, colour: [0, 0, 255]}]"
        let result = try Command.run(["check", data.recipe, "--set", names], ranks: ranks)
        result.expectSuccess()
        let rows = result.standardOutput.split(separator: "\n").map {
          $0.split(separator: " ", omittingEmptySubsequences: true).joined(separator: " ")
        }
        for row in [
          "classes 3: road, car, sky", "training labels 4 of 4 read; values 0-1, 255",
          "training shares road 50.00 %, car 25.00 %, sky 0.00 %, ignored 25.00 %",
          "validation labels 2 of 2 read; values 0-1, 255",
        ] {
          #expect(rows.contains(row), "\(result)")
        }
        let shift =
          "no pixel of class 2 (sky): is data.num_classes right, and data.format? If 0 means"
        #expect(warnings(result).contains { $0.contains(shift) }, "\(result)")
      }
    }

    /// Labels with 0 for 'ignored' look like labels of one class more.
    @Test("Where nothing is ignored, check asks once what 0 means")
    func whatZeroMeansIsAsked() throws {
      try withTinyData { data in
        func questions(_ values: [UInt8], _ settings: String...) throws -> [String] {
          try write(values, data)
          let result = try Command.run(
            ["check", data.recipe] + settings.flatMap { ["--set", $0] })
          result.expectSuccess()
          return warnings(result).filter { $0.contains(" If 0 means 'ignored', subtract 1") }
        }
        let asked = try questions([0, 1, 2])
        #expect(asked.count == 1, "\(asked)")
        let text = "training labels: no value is 255, so nothing is ignored: is 0 a class?"
        #expect(asked.first?.contains(text) == true, "\(asked)")
        #expect(asked.first?.hasSuffix("data.num_classes is then 2.") == true, "\(asked)")
        // The last class is absent: that question is the same one.
        let absent = try questions([0, 1])
        #expect(absent.count == 1 && absent.first?.contains("no pixel of class 2") == true)
        // Something is ignored, nothing is 0, the format ignores 0 itself, or the classes have names.
        #expect(try questions([0, 1, 2, 255]).isEmpty)
        #expect(try questions([1, 2]).isEmpty)
        #expect(try questions([0, 1, 2], "data.format=ade20k", "data.num_classes=150").isEmpty)
        let names = "data.classes=[{name: road}, {name: car}, {name: sky}]"
        #expect(try questions([0, 1, 2], names).isEmpty)
      }
    }

    @Test("A list that is there and cannot be read is not called missing")
    func unreadableList() throws {
      try withTinyData { data in
        try data.writeList(["0.png,0-labels.png"], "train.txt")
        let broken = try Command.run(["check", data.recipe])
        broken.expectFailure(65, ["found 1 problem;"])
        #expect(broken.standardOutput.contains("found, but not readable: see the problem"))
        try FileManager.default.removeItem(atPath: data.path("train.txt"))
        let gone = try Command.run(["check", data.recipe])
        gone.expectFailure(66, ["found 1 problem;"])
        #expect(gone.standardOutput.contains(/training data +not found/), "\(gone)")
      }
    }

    @Test("A run that never saw a label ends with 65, however short it is and however often begun")
    func aRunOfNothing() throws {
      try withTinyData { data in
        try write([255], data)
        let short = ["train", data.recipe, "--out", data.path("short")]
        for _ in 0..<2 {
          try Command.run(short).expectFailure(
            65, ["labels: iteration 2: found no labelled pixel in any batch of the run"])
        }
        #expect(!FileManager.default.fileExists(atPath: data.path("short/student.safetensors")))
        // Checkpoints are saved on the way: none of them lets the same command creep past the limit.
        let set = ["train.nothing_limit=4", "train.iterations=6"].flatMap { ["--set", $0] }
        for start in 1...3 {
          let result = try Command.run(["train", data.recipe, "--out", data.path("long")] + set)
          result.expectFailure(
            65, ["labels: iteration 4: found no labelled pixel in 4 batches in a row"])
          #expect(result.standardError.contains("going on from") == (start > 1), "\(result)")
        }
      }
    }

    @Test("Without the limit, batches without labels are counted and warned about")
    func labelsOfNothingAreCounted() throws {
      try withTinyData { data in
        try write([255], data)
        let set = ["train.nothing_limit=0", "train.iterations=9", "train.log_every=3"]
        let result = try Command.run(
          ["train", data.recipe, "--out", data.path("run")] + set.flatMap { ["--set", $0] })
        result.expectSuccess()
        let told = warnings(result).filter { $0.contains("labels: iteration ") }
        #expect(told.count == 4, "\(result)")
        #expect(warnings(result).contains { $0.contains("validation: found no labelled pixel") })
        let lines = try String(contentsOfFile: data.path("run/metrics.jsonl"), encoding: .utf8)
          .split(separator: "\n").filter { $0.contains(#""kind":"train""#) }
        let counts = lines.map { $0.firstMatch(of: /"batches_without_labels":(\d+)/)?.1 }
        #expect(counts == ["1", "2", "3", "3"], "\(lines)")
        try Command.run(["eval", data.recipe, "--weights", data.path("run/student.safetensors")])
          .expectFailure(65, ["found no labelled pixel in 2 images", "data.validation_list"])
      }
    }

    @Test("check counts the pixels of each class", arguments: [nil, 2])
    func pixelsOfClasses(ranks: Int?) throws {
      try withTinyData { data in
        func check(_ values: [UInt8]) throws -> ProcessResult {
          try write(values, data)
          let result = try Command.run(["check", data.recipe, "--pixels"], ranks: ranks)
          result.expectSuccess()
          return result
        }
        let mask = try check([0, 0, 0, 255])
        let rows = mask.standardOutput.split(separator: "\n").filter { $0.hasPrefix("pixels: ") }
        #expect(
          rows.map {
            $0.split(separator: " ", omittingEmptySubsequences: true).joined(separator: " ")
          }
            == [
              "pixels: class 0 training 6144 (75.00 %), validation 3072 (75.00 %)",
              "pixels: class 1 training 0 (0.00 %), validation 0 (0.00 %)",
              "pixels: class 2 training 0 (0.00 %), validation 0 (0.00 %)",
              "pixels: ignored training 2048 (25.00 %), validation 1024 (25.00 %)",
            ])
        #expect(warnings(mask).contains { $0.contains("values 0 and 255: is this a mask?") })
        #expect(
          warnings(mask).contains { $0.contains("no pixel of class 1 (class 1), 2 (class 2):") })

        let sparse = try check([0, 1] + [UInt8](repeating: 255, count: 30))
        #expect(
          warnings(sparse).contains { $0.contains("training labels: 93.75 % of the pixels are") })
        let nothing = try check([255])
        #expect(
          warnings(nothing).contains { $0.contains("training labels: no labelled pixel, only") })
        let good = try check([0, 1, 2, 255])
        #expect(!warnings(good).contains { $0.contains("labels: ") }, "\(good)")
      }
    }

    @Test func tooManyClasses() throws {
      try withTinyData { data in
        let train = ["train", data.recipe, "--out", data.path("run"), "--set"]
        try Command.run(train + ["data.num_classes=255"]).expectFailure(
          65, ["found data.num_classes: '255'; expected an integer from 0 to 254"])
      }
    }
  }
}
