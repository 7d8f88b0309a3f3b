import Foundation
import ImageIO
import TestSupport
import Testing

extension CommandTests {
  /// `rdd recipe`: from two folders to a recipe and lists that check takes.
  @Suite struct MakeRecipeTests {
    /// Photos and masks of their own folders; labels of three classes.
    private func write(_ data: TinyData, _ count: Int, _ images: String, _ labels: String) throws {
      for folder in [images, labels] {
        try FileManager.default.createDirectory(
          atPath: data.path(folder), withIntermediateDirectories: true)
      }
      for index in 0..<count {
        try PNGWriter.write(TinyData.photo(index), to: data.path("\(images)/\(index).png"))
        try PNGWriter.write(TinyData.labels(index), to: data.path("\(labels)/\(index)_mask.png"))
      }
    }

    /// `rdd recipe` with its output in `mine.yaml`, as a shell would put it there.
    private func recipe(_ data: TinyData, _ arguments: [String] = []) throws -> ProcessResult {
      let folders = ["--images", data.path("photos"), "--labels", data.path("masks")]
      return try Command.bash(
        "\"$0\" recipe \"$@\" > \(data.path("new/mine.yaml"))", folders + arguments)
    }

    private func lines(_ path: String) throws -> [String] {
      try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map(String.init)
    }

    private func withPhotos(_ body: (TinyData) throws -> Void) throws {
      try withTinyData { data in
        try write(data, 10, "photos", "masks")
        try FileManager.default.createDirectory(
          atPath: data.path("new"), withIntermediateDirectories: true)
        try body(data)
      }
    }

    @Test("A recipe, lists beside it, and check and training that take them")
    func fromFoldersToTraining() throws {
      try withPhotos { data in
        let made = try recipe(data)
        made.expectSuccess()
        #expect(
          made.standardError.contains("10 images with labels, 8 for training and 2 for"), "\(made)")
        #expect(
          made.standardError.contains("10 of 10 labels read; values 0-2: 3 classes"), "\(made)")
        #expect(
          made.standardError.contains("rdd check \(data.path("new/mine.yaml")) --set"), "\(made)")
        let (train, validation) = try (
          lines(data.path("new/train.txt")), lines(data.path("new/val.txt"))
        )
        #expect(train.count == 8 && validation.count == 2)
        #expect(
          Set(train + validation)
            == Set((0..<10).map { "photos/\($0).png\tmasks/\($0)_mask.png" }))

        let mine = data.path("new/mine.yaml")
        let check = try Command.run(["check", mine, "--set", "distill=none"])
        check.expectSuccess()
        #expect(check.standardOutput.contains("crop 32 x 64"), "\(check)")
        try Command.run([
          "train", mine, "--out", data.path("run"), "--set", "distill=none", "--set",
          "train.iterations=1", "--set", "student.network=deeplab_mobile", "--set",
          "student.head_width=16",
        ]).expectSuccess()

        // The same again is no change; other lists are not written over.
        try recipe(data).expectSuccess()
        try "mine\n".write(
          toFile: data.path("new/val.txt"), atomically: true, encoding: .utf8)
        try recipe(data).expectFailure(
          73, ["/new/val.txt: found a file that is not this list", "--force"])
        #expect(try lines(data.path("new/val.txt")) == ["mine"])
        try recipe(data, ["--force"]).expectSuccess()
        #expect(try lines(data.path("new/val.txt")) == validation)
      }
    }

    @Test("Folders of their own validate, and share no image with training")
    func givenFolders() throws {
      try withPhotos { data in
        try write(data, 3, "more/photos", "more/masks")
        let folders = ["--validation-images", data.path("more/photos"), "--validation-labels"]
        try recipe(data, folders + [data.path("more/masks")]).expectSuccess()
        #expect(try lines(data.path("new/train.txt")).count == 10)
        #expect(
          try lines(data.path("new/val.txt"))
            == (0..<3).map { "more/photos/\($0).png\tmore/masks/\($0)_mask.png" })
        try Command.run([
          "recipe", "--images", data.path("photos"), "--labels", data.path("masks"),
          "--validation-images", data.path("photos"), "--validation-labels", data.path("masks"),
          "--lists", data.path("lists"),
        ]).expectFailure(
          65, ["--validation-images: found 10 images that train too, first photos/0.png"])
        #expect(!FileManager.default.fileExists(atPath: data.path("lists")))
      }
    }

    @Test("What cannot be paired is named, or left out")
    func withoutPartners() throws {
      try withPhotos { data in
        try PNGWriter.write(TinyData.photo(1), to: data.path("photos/alone.png"))
        try recipe(data).expectFailure(
          65,
          ["--images: found 1 of 11 images without a label file: alone.png; ", "--skip-unpaired"])
        try FileManager.default.removeItem(atPath: data.path("photos/alone.png"))
        try FileManager.default.removeItem(atPath: data.path("photos/3.png"))
        try recipe(data).expectFailure(
          65, ["--labels: found 1 of 10 label files without an image: 3_mask.png; "])
        try recipe(data, ["--skip-unpaired"]).expectSuccess()
        let all = try lines(data.path("new/train.txt")) + lines(data.path("new/val.txt"))
        #expect(all.count == 9)
      }
    }

    @Test("Labels that are no class indices, and folders that are not there, are refused")
    func refused() throws {
      try withPhotos { data in
        let pixels = (0..<TinyData.width * TinyData.height).map { $0 % 2 == 0 ? UInt8(0) : 255 }
        let mask = GrayImage(width: TinyData.width, height: TinyData.height, pixels: pixels)
        for index in 0..<10 { try PNGWriter.write(mask, to: data.path("masks/\(index)_mask.png")) }
        try recipe(data).expectFailure(
          65, ["label value: ", "/masks: only the values 0, 255; expected class indices"])
        try PNGWriter.write(TinyData.photo(0), to: data.path("masks/0_mask.png"))
        try recipe(data).expectFailure(65, ["/masks/0_mask.png: labels in colours"])
        try PNGWriter.write(
          TinyData.labels(0, height: 16, width: 64), to: data.path("masks/0_mask.png"))
        try recipe(data).expectFailure(65, ["label size: ", "/masks/0_mask.png: 64 x 16 pixels"])
        #expect(!FileManager.default.fileExists(atPath: data.path("new/train.txt")))
        try Command.run(["recipe", "--images", "/nowhere", "--labels", data.path("masks")])
          .expectFailure(66, ["--images: /nowhere: found no folder"])
      }
    }

    @Test("Options that make no sense are refused with the usage")
    func wrongOptions() throws {
      for options in [
        ["--validation-images", "/"], ["--teacher-network", "deeplab_mobile"],
        ["--student-network", "vgg"],
      ] {
        let result = try Command.run(["recipe", "--images", "/", "--labels", "/"] + options)
        #expect(result.exitCode == 64 && !result.timedOut, "\(result)")
        #expect(result.standardError.contains(options[0]), "\(result)")
      }
    }
  }
}
