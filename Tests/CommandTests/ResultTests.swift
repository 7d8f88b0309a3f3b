import Foundation
import ImageIO
import TestSupport
import Testing
import Tools

/// Weights of a short run on tiny data, made once.
final class ShortRun: Sendable {
  let data: TinyData
  var weights: String { data.path("run/student.safetensors") }

  static let shared = Result { try ShortRun() }

  private init() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "rdd-test-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    data = try TinyData(folder)
    try Command.run(["train", data.recipe, "--out", data.path("run")]).expectSuccess()
  }

  deinit { try? FileManager.default.removeItem(at: data.folder) }
}

extension ImageLimits {
  /// Of pictures that hold several images side by side.
  fileprivate static let large = ImageLimits(width: 32_768, height: 32_768)
}

extension CommandTests {
  /// What the commands print and write when all is well.
  @Suite struct ResultTests {
    private let run: ShortRun
    init() throws { run = try ShortRun.shared.get() }

    @Test func scoresAreJSONAndDoNotDependOnRanks() throws {
      let scores = try [nil, 2, 3].map { ranks -> [String: Any] in
        let result = try Command.run(
          ["eval", run.data.recipe, "--weights", run.weights, "--json"], ranks: ranks)
        result.expectSuccess()
        let object = try JSONSerialization.jsonObject(with: Data(result.standardOutput.utf8))
        return try #require(object as? [String: Any])
      }
      for score in scores {
        #expect((score["class_iou"] as? [Any])?.count == 3)
        let confusion = try #require(score["confusion"] as? [[Int]])
        #expect(confusion.count == 3 && confusion.joined().reduce(0, +) == 2 * 32 * 64)
        #expect(confusion == scores[0]["confusion"] as? [[Int]])
        #expect(score["images"] as? Int == 2)
        for key in ["mean_iou", "pixel_accuracy"] {
          let value = try #require(score[key] as? Double)
          #expect((0...1).contains(value))
          #expect(value == scores[0][key] as? Double)
        }
      }
    }

    @Test func scoresAreCSV() throws {
      let result = try Command.run(
        ["eval", run.data.recipe, "--weights", run.weights, "--csv"])
      result.expectSuccess()
      let lines = result.standardOutput.split(separator: "\n")
      #expect(lines.count == 4 && lines[0] == "class,iou", "\(result)")
      for (index, line) in lines.dropFirst().enumerated() {
        let fields = line.split(separator: ",", omittingEmptySubsequences: false)
        #expect(fields.count == 2 && fields[0] == "class \(index)", "\(line)")
      }
    }

    @Test func aRunLeavesPicturesAndEvents() throws {
      let manager = FileManager.default
      for image in ["2", "3"] {
        let path = run.data.path("run/pictures/\(image)/iteration_0000002.png")
        #expect(try ImageFile.header(path).channels == 3)
      }
      let events = try manager.contentsOfDirectory(atPath: run.data.path("run/tensorboard"))
      #expect(events.count == 1)
      try withTemporaryFolder { folder in
        let page = folder.appendingPathComponent("report.html").path
        try Command.run(["report", run.data.path("run"), "--out", page]).expectSuccess()
        let text = try String(contentsOfFile: page, encoding: .utf8)
        #expect(text.contains("data:image/png;base64,iVBOR"))
      }
      let table = try Command.run(["compare", run.data.path("run"), "--json"])
      table.expectSuccess()
      let object = try JSONSerialization.jsonObject(with: Data(table.standardOutput.utf8))
      #expect(((object as? [String: Any])?["rows"] as? [Any])?.count == 1)
      try Command.run(["compare", run.data.folder.path]).expectFailure(65, ["recipe.yaml"])
      try Command.run(["report", run.data.path("run"), "--out", "/dev/null/a.html"])
        .expectFailure(73, ["/dev/null/a.html"])
    }

    @Test(arguments: [nil, 2])
    func predictions(ranks: Int?) throws {
      try withTemporaryFolder { folder in
        // Sizes that are no multiple of 8, one gray image.
        let photo = folder.appendingPathComponent("photo.png").path
        try PNGWriter.write(TinyData.photo(0, height: 37, width: 51), to: photo)
        let gray = folder.appendingPathComponent("gray.png").path
        try PNGWriter.write(TinyData.labels(0, height: 40, width: 33), to: gray)
        let out = folder.appendingPathComponent("new/pictures").path
        let result = try Command.run(
          [
            "predict", run.data.recipe, "--weights", run.weights, photo, gray, "--out", out,
            "--set", "evaluation.flip=true", "--set", "evaluation.scales=[0.75, 1]",
          ], ranks: ranks)
        result.expectSuccess()
        for (name, height, width) in [("photo", 37, 51), ("gray", 40, 33)] {
          let mask = try ImageFile.header("\(out)/\(name)_mask.png")
          #expect(mask.hasPalette && mask.height == height && mask.width == width)
          let classes = try ImageFile.readLabels("\(out)/\(name)_mask.png")
          #expect(classes.pixels.allSatisfy { $0 < 3 })
          // Below the image is a legend, for which it is too narrow.
          let overlay = try ImageFile.header("\(out)/\(name)_overlay.png")
          #expect(overlay.channels == 3 && overlay.height > height && overlay.width == 200)
        }
        let lines = result.standardOutput.split(separator: "\n")
        #expect(lines.count == 3 && lines[0].hasPrefix("\(photo): class "), "\(result)")
        #expect(lines[1].hasPrefix("\(gray): class ") && lines[1].contains(" %"), "\(result)")
      }
    }

    @Test(arguments: [nil, 2])
    func predictionsOfFoldersAndLists(ranks: Int?) throws {
      try withTemporaryFolder { folder in
        let place = folder.appendingPathComponent("photos")
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        for name in ["b.png", "a.PNG", "c.png"] {
          try PNGWriter.write(
            TinyData.photo(1, height: 20, width: 30), to: place.appendingPathComponent(name).path)
        }
        try Data("no image".utf8).write(to: place.appendingPathComponent("notes.txt"))
        let list = folder.appendingPathComponent("list.txt").path
        // The first from the list's own folder, the second from data.root.
        try "# mine\n\nphotos/c.png\n1.png 1-labels.png\n".write(
          toFile: list, atomically: true, encoding: .utf8)
        let out = folder.appendingPathComponent("out").path
        let predict = ["predict", run.data.recipe, "--weights", run.weights, "--out", out]
        let result = try Command.run(
          predict + ["--list", list, "--json", "--no-legend"], ranks: ranks)
        result.expectSuccess()
        let objects = try result.standardOutput.split(separator: "\n").map { line in
          try #require(
            try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        }
        #expect(
          objects.map { $0["overlay"] as? String } == ["c", "1"].map { "\(out)/\($0)_overlay.png" })
        for object in objects {
          let shares = try #require(object["shares"] as? [String: Double])
          #expect(abs(shares.values.reduce(0, +) - 1) < 1e-9)
        }
        let overlay = try ImageFile.header("\(out)/c_overlay.png")
        #expect(overlay.width == 30 && overlay.height == 20)
        let both = try Command.run(predict + [place.path], ranks: ranks)
        both.expectSuccess()
        #expect(both.standardOutput.contains("3 masks and 3 overlays"), "\(both)")
        #expect(both.standardOutput.hasPrefix("\(place.path)/a.PNG: "), "\(both)")
      }
    }

    @Test func foldersAndListsWithoutImages() throws {
      try withTemporaryFolder { folder in
        let predict = [
          "predict", run.data.recipe, "--weights", run.weights, "--out", folder.path,
        ]
        try Command.run(predict + [folder.path])
          .expectFailure(66, ["image: \(folder.path): found a folder without PNG or JPEG files"])
        let list = folder.appendingPathComponent("list.txt").path
        try Command.run(predict + ["--list", list]).expectFailure(66, ["--list: \(list): found no"])
        try "\n# nothing\n".write(toFile: list, atomically: true, encoding: .utf8)
        try Command.run(predict + ["--list", list])
          .expectFailure(66, ["--list: \(list): found no line"])
        try "1.png\nnowhere.png x.png\n".write(toFile: list, atomically: true, encoding: .utf8)
        try Command.run(predict + ["--list", list])
          .expectFailure(66, ["--list: \(list):2: found no file nowhere.png"])
      }
    }

    @Test(arguments: [nil, 2])
    func maps(ranks: Int?) throws {
      try withTemporaryFolder { folder in
        let stranger = folder.appendingPathComponent("stranger.png").path
        try PNGWriter.write(TinyData.photo(7), to: stranger)
        let result = try Command.run(
          [
            "maps", run.data.recipe, "0", run.data.path("1.png"), stranger, "--weights",
            run.weights, "--out", folder.path, "--set", "distill=rdd",
            "--set", "teacher.network=deeplabv3_resnet18", "--set", "teacher.from_seed=true",
          ], ranks: ranks)
        result.expectSuccess()
        // Three tiles of 64 columns, enlarged by 7, and gaps of 6. Validation sample 0 is 2.png.
        let heights = try ["2", "1", "stranger"].map { name in
          let header = try ImageFile.header("\(folder.path)/\(name)_maps.png")
          #expect(header.width == 3 * 7 * 64 + 4 * 6)
          return header.height
        }
        // Without labels there is no legend of hard pixels, but the tiles stand in two rows too.
        #expect(heights.allSatisfy { $0 > 2 * 7 * 32 } && heights[0] == heights[1])
        #expect(heights[2] <= heights[0])
      }
    }

    /// A picture costs in proportion to an image's pixels, however thin it is.
    @Test func mapsOfThinImagesAreSmall() throws {
      try withTemporaryFolder { folder in
        let sizes = [("high", 3000, 1), ("wide", 1, 3000), ("dot", 1, 1)]
        let photos = try sizes.map { name, height, width in
          let path = folder.appendingPathComponent("\(name).png").path
          try PNGWriter.write(TinyData.photo(0, height: height, width: width), to: path)
          return path
        }
        let result = try Command.run(
          ["maps", run.data.recipe] + photos + [
            "--weights", run.weights, "--out", folder.path, "--set", "distill=rdd",
            "--set", "teacher.network=deeplabv3_resnet18", "--set", "teacher.from_seed=true",
          ])
        result.expectSuccess()
        for (name, height, width) in sizes {
          let header = try ImageFile.header("\(folder.path)/\(name)_maps.png", limits: .large)
          #expect(header.width <= 3 * max(width, 421) + 100, "\(name)")
          #expect(header.height <= 2 * max(height, 840) + 300, "\(name)")
          #expect(header.width * header.height <= 3_300_000, "\(name)")
        }
      }
    }

    @Test func wrongImagesOfMaps() throws {
      try withTemporaryFolder { folder in
        let maps = ["maps", run.data.recipe, "--weights", run.weights, "--out", folder.path]
        try Command.run(maps + ["2"])
          .expectFailure(66, ["found 2; expected the index of a validation sample, 0 to 1"])
        try Command.run(maps + ["nowhere.png"]).expectFailure(66, ["image: nowhere.png: "])
        try Command.run(maps + ["0", run.data.path("2.png")])
          .expectFailure(65, ["whose pictures are both called 2"])
        try Command.run(maps + ["0"]).expectFailure(65, ["distill.method: found none"])
      }
    }

    @Test(arguments: [nil, 2])
    func checkMeasures(ranks: Int?) throws {
      let result = try Command.run(["check", run.data.recipe, "--measure"], ranks: ranks)
      result.expectSuccess()
      #expect(result.standardOutput.contains("ready to train"), "\(result)")
      let words = "on \(ranks.map { "\($0) ranks" } ?? "1 rank") x 1 thread; "
      let row = result.standardOutput.split(separator: "\n").first { $0.hasPrefix("measured ") }
      #expect(row?.contains(/s an iteration \(median of \d+, [0-9.]+ to [0-9.]+\) on/) == true)
      #expect(row?.contains(words) == true, "\(result)")
      #expect(!result.standardOutput.contains("\ntime "), "\(result)")
    }
  }

  /// The recipes of launch/recipes want data and weights, and nothing else but this machine's memory.
  @Suite struct ShippedRecipeTests {
    static let folder = Repository.path("launch/recipes")
    static let recipes =
      (try? FileManager.default.contentsOfDirectory(atPath: folder))?
      .filter { $0.hasSuffix(".yaml") }.sorted() ?? []

    @Test func thereAreSome() { #expect(Self.recipes.count >= 14) }

    @Test(arguments: recipes)
    func check(recipe: String) throws {
      let result = try Command.run(["check", "\(Self.folder)/\(recipe)"])
      let problems = result.standardError.split(separator: "\n").filter {
        $0.hasPrefix("rdd: problem: ")
      }
      #expect(result.exitCode == (problems.isEmpty ? 0 : 66) && !result.timedOut, "\(result)")
      for problem in problems {
        let isOfMachine = problem.hasPrefix("rdd: problem: memory: ")
        #expect(
          isOfMachine || problem.contains("found no folder") || problem.contains("found no file"),
          "\(problem)")
      }
      #expect(result.standardOutput.contains("student "), "\(result)")
    }
  }

  /// Finding a slow BLAS.
  @Suite struct BLASTests {
    @Test func referenceIsFound() {
      let slow = "7f00-7f01 r-xp 0000 fe:01 12   /usr/lib/x86_64-linux-gnu/blas/libblas.so.3.11.0\n"
      #expect(LoadedBLAS(maps: slow)?.isReference == true)
      let fast = slow.replacingOccurrences(of: "/blas/", with: "/openblas-pthread/")
      #expect(LoadedBLAS(maps: fast)?.isReference == false)
      let both = slow + "7f02-7f03 r-xp 0000 fe:01 13   /opt/lib/libopenblas.so.0\n"
      #expect(LoadedBLAS(maps: both)?.path == "/opt/lib/libopenblas.so.0")
      #expect(LoadedBLAS(maps: "7f00-7f01 r-xp 0000 fe:01 12   /usr/lib/libc.so.6\n") == nil)
    }
  }
}
