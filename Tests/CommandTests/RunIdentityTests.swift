import Files
import Foundation
import ImageIO
import TestSupport
import Testing
import WeightFiles

extension CommandTests {
  /// A run folder is gone on with by the same run alone, and never begun anew by accident.
  @Suite struct RunIdentityTests {
    /// What a resume changes, and the part that is named.
    static let changes:
      [(name: String, part: String, change: @Sendable (TinyData) throws -> Void)] = [
        (
          "an image of the list", "data",
          { try PNGWriter.write(TinyData.photo(7), to: $0.path("1.png")) }
        ),
        (
          "a label of the list", "data",
          { try PNGWriter.write(TinyData.labels(7), to: $0.path("1-labels.png")) }
        ),
        (
          "the list's order", "data",
          { try $0.writeList([3, 2, 1, 0].map { "\($0).png \($0)-labels.png" }, "train.txt") }
        ),
        (
          "the list's length", "data",
          { try $0.writeList([0, 1, 2].map { "\($0).png \($0)-labels.png" }, "train.txt") }
        ),
        (
          "the validation list", "validation",
          { try $0.writeList(["0.png 0-labels.png"], "val.txt") }
        ),
        (
          "the recipe", "recipe",
          { data in
            let text = try String(contentsOfFile: data.recipe, encoding: .utf8)
            try (text + "evaluation: {flip: true}\n").write(
              toFile: data.recipe, atomically: true, encoding: .utf8)
          }
        ),
      ]

    @Test(arguments: changes.indices)
    func anotherRunIsNotGoneOnWith(index: Int) throws {
      let (name, part, change) = Self.changes[index]
      try withTinyData { data in
        let train = ["train", data.recipe, "--out", data.path("run")]
        try data.trainHalf()
        try change(data)
        let before = try Data(contentsOf: URL(filePath: data.path("run/metrics.jsonl")))
        try Command.run(train).expectFailure(65, ["run: ", "/run: found", "--accept \(part)"])
        #expect(
          try Data(contentsOf: URL(filePath: data.path("run/metrics.jsonl"))) == before, "\(name)")
        let accepted = try Command.run(train + ["--accept", part])
        accepted.expectSuccess()
        #expect(accepted.standardError.contains(", as accepted"))
        let history = try String(contentsOfFile: data.path("run/history.jsonl"), encoding: .utf8)
        #expect(history.contains(#""kind":"accepted""#), "\(history)")
        // The run is now what was accepted.
        try Command.run(train).expectSuccess()
      }
    }

    /// Sets that are unpacked with fixed times have masks of equal sizes and times.
    @Test func anotherLabelOfTheSameSizeAndTimeIsNoticed() throws {
      try withTinyData { data in
        let (path, other) = (data.path("1-labels.png"), data.path("other.png"))
        func setTime() throws {
          try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSince1970: 1e9)], ofItemAtPath: path)
        }
        func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(filePath: path)) }
        try setTime()
        try data.trainHalf()
        let before = try bytes(path)
        for place in 0..<TinyData.width * TinyData.height {
          var labels = TinyData.labels(1)
          labels.pixels[place] = (labels.pixels[place] + 1) % 3
          try PNGWriter.write(labels, to: other)
          if try bytes(other).count == before.count { break }
        }
        let after = try bytes(other)
        try #require(after.count == before.count && after != before)
        try after.write(to: URL(filePath: path))
        try setTime()
        let train = ["train", data.recipe, "--out", data.path("run")]
        try Command.run(train).expectFailure(
          65, ["other training data (1-labels.png)", "--accept data"])
        // As it was, it is the same, whatever its times.
        try before.write(to: URL(filePath: path))
        try Command.run(train).expectSuccess()
      }
    }

    /// A hash that was made earlier counts for the same file of the same file system alone. Lines of earlier
    /// versions say nothing of that.
    @Test func aHashOfAnotherFileSystemIsMadeAgain() throws {
      try withTinyData { data in
        try data.trainHalf()
        let train = ["train", data.recipe, "--out", data.path("run")]
        let now = try FileHash(data.path("1.png"))
        let times = "\(now.mark.modified),\(now.mark.changed),\(now.mark.inode)"
        func resumed(after mark: String) throws -> ProcessResult {
          let line = String(repeating: "a", count: 32) + "\t\(now.byteCount)\t\(mark)\t1.png\n"
          try line.write(toFile: data.path("run/data.tsv"), atomically: true, encoding: .utf8)
          return try Command.run(train)
        }
        try resumed(after: times).expectSuccess()
        try resumed(after: "\(times),\(now.mark.fileSystem &+ 1)").expectSuccess()
        try resumed(after: "\(times),\(now.mark.fileSystem)")
          .expectFailure(65, ["other training data", "--accept data"])
      }
    }

    @Test func anotherTeacherOrStartIsNotGoneOnWith() throws {
      try withTinyData { data in
        try Command.run(["train", data.recipe, "--out", data.path("teacher")]).expectSuccess()
        let first = data.path("teacher/checkpoints/../student.safetensors")
        let second = data.path("second.safetensors")
        var archive = try WeightFile.read(first)
        archive.metadata["anything"] = "else"
        try AtomicFile().writeAtomically(archive, to: second)
        let settings = ["distill.method=kd", "teacher.network=deeplab_mobile"].flatMap {
          ["--set", $0]
        }
        try data.trainHalf(
          settings + ["--set", "teacher.weights=\(first)", "--set", "student.weights=\(first)"])
        let train = ["train", data.recipe, "--out", data.path("run")] + settings
        // The same values under another name are the same.
        try Command.run(
          train + ["--set", "teacher.weights=\(second)", "--set", "student.weights=\(second)"]
        ).expectSuccess()
        let other = data.path("run/student.safetensors")
        try Command.run(
          train + ["--set", "teacher.weights=\(other)", "--set", "student.weights=\(other)"]
        ).expectFailure(
          65, ["another teacher", "other weights", "--accept student --accept teacher"])
      }
    }

    @Test func aCheckpointOfAnotherRunIsNotGoneOnWith() throws {
      try withTinyData { data in
        try data.trainHalf()
        try data.trainHalf(["--set", "train.seed=9"], "other")
        let name = "checkpoints/iteration_0000001.safetensors"
        try FileManager.default.removeItem(atPath: data.path("run/\(name)"))
        try FileManager.default.copyItem(
          atPath: data.path("other/\(name)"), toPath: data.path("run/\(name)"))
        try Command.run(["train", data.recipe, "--out", data.path("run")])
          .expectFailure(65, ["another recipe (train.seed: 1, was 9)"])
      }
    }

    /// A folder and its data elsewhere, with other times and owners' names, on other ranks.
    @Test func placeTimeAndRanksAreFree() throws {
      try withTinyData { data in
        let whole = data.path("whole")
        try Command.run(["train", data.recipe, "--out", whole]).expectSuccess()
        try data.trainHalf()
        let moved = data.path("elsewhere")
        try FileManager.default.createDirectory(atPath: moved, withIntermediateDirectories: false)
        for name in try FileManager.default.contentsOfDirectory(atPath: data.folder.path)
        where name != "elsewhere" && name != "whole" {
          try FileManager.default.moveItem(atPath: data.path(name), toPath: moved + "/" + name)
          try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSince1970: 1e9)], ofItemAtPath: moved + "/" + name)
        }
        let resumed = try Command.run(
          ["train", moved + "/recipe.yaml", "--out", moved + "/run", "--set", "train.threads=2"],
          ranks: 2)
        resumed.expectSuccess()
        #expect(resumed.standardError.contains("going on from"), "\(resumed)")
        #expect(
          try WeightFile.read(moved + "/run/student.safetensors").tensors.map(\.contentHash)
            == WeightFile.read(whole + "/student.safetensors").tensors.map(\.contentHash))
      }
    }

    /// With the momentum that it had: as a run of as many iterations would, but for the learning rate.
    @Test func aFinishedRunGoesOnForLonger() throws {
      try withTinyData { data in
        let train = ["train", data.recipe, "--out", data.path("run")]
        try Command.run(train).expectSuccess()
        let longer = train + ["--set", "train.iterations=4"]
        try Command.run(longer).expectFailure(
          65, ["another recipe (train.iterations: 4, was 2)", "--accept recipe"])
        let result = try Command.run(longer + ["--accept", "recipe"])
        result.expectSuccess()
        #expect(result.standardError.contains("(iteration 2)"), "\(result)")
        #expect(
          try WeightFile.read(data.path("run/student.safetensors")).metadata["iteration"] == "4")
        let metrics = try String(contentsOfFile: data.path("run/metrics.jsonl"), encoding: .utf8)
        let iterations = try metrics.split(separator: "\n").map { line -> Int? in
          let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
          return object?["kind"] as? String == "train" ? object?["iteration"] as? Int : nil
        }.compactMap { $0 }
        #expect(iterations == [1, 2, 3, 4])
        // It is the longer run now.
        try Command.run(longer).expectSuccess()
      }
    }

    @Test func aFinishedRunWithoutCheckpointsIsMeasuredOrKept() throws {
      try withTinyData { data in
        let folder = data.path("run")
        let train = ["train", data.recipe, "--out", folder]
        try Command.run(train).expectSuccess()
        try FileManager.default.removeItem(atPath: folder + "/checkpoints")
        let names = ["best.safetensors", "student.safetensors", "metrics.jsonl"]
        let before = try names.map { try Data(contentsOf: URL(filePath: folder + "/" + $0)) }
        let again = try Command.run(train)
        again.expectSuccess()
        #expect(again.standardOutput.contains("best mIoU"), "\(again)")
        try Command.run(train + ["--set", "train.seed=2"])
          .expectFailure(65, ["student.safetensors of another run", "--fresh"])
        #expect(try names.map { try Data(contentsOf: URL(filePath: folder + "/" + $0)) } == before)

        try Command.run(["check"] + train.dropFirst()).expectSuccess()

        // Without last weights there is nothing to measure.
        try FileManager.default.removeItem(atPath: folder + "/student.safetensors")
        try Command.run(train).expectFailure(65, ["found the history of a run", "--fresh"])
        let check = try Command.run(["check"] + train.dropFirst())
        check.expectFailure(65, ["found 1 problem"])
        #expect(check.standardError.contains("found the history of a run"))
        // Nor without a history, and with what somebody has put there.
        try FileManager.default.removeItem(atPath: folder + "/history.jsonl")
        try Command.run(train).expectFailure(65, ["the measurements of 2 iterations", "--fresh"])
        try FileManager.default.removeItem(atPath: folder + "/metrics.jsonl")
        try Command.run(train).expectFailure(65, ["best.safetensors and no checkpoint", "--fresh"])
        try Command.run(train + ["--fresh"]).expectSuccess()
        #expect(
          try Data(contentsOf: URL(filePath: folder + ".earlier-1/best.safetensors")) == before[0])
        #expect(FileManager.default.fileExists(atPath: folder + "/best.safetensors"))
      }
    }

    /// What was cut off before its first checkpoint begins again without being asked.
    @Test func aRunThatSavedNothingBeginsAgain() throws {
      try withTinyData { data in
        let folder = data.path("run")
        let train = ["train", data.recipe, "--out", folder]
        try data.trainHalf()
        try FileManager.default.removeItem(
          atPath: folder + "/checkpoints/iteration_0000001.safetensors")
        let history = folder + "/history.jsonl"
        let lines = try String(contentsOfFile: history, encoding: .utf8).split(separator: "\n")
        try (lines[0] + "\n").write(toFile: history, atomically: true, encoding: .utf8)
        try Command.run(train + ["--set", "train.seed=2"])
          .expectFailure(65, ["the history of another run", "--fresh"])
        let again = try Command.run(train)
        again.expectSuccess()
        #expect(again.standardError.contains("nothing of an earlier start was saved"))
      }
    }

    /// The recipe in the folder is for people: the checkpoint knows better.
    @Test(arguments: [nil, "", "\u{1}", "# M\u{FC}ller\n", "train: {seed: 4}"])
    func theRecipeOfTheFolderDoesNotCount(text: String?) throws {
      try withTinyData { data in
        let path = data.path("run/recipe.yaml")
        try data.trainHalf()
        if let text {
          // A letter with an accent is no UTF-8 then.
          try text.write(toFile: path, atomically: true, encoding: .isoLatin1)
        } else {
          try FileManager.default.removeItem(atPath: path)
        }
        let train = ["train", data.recipe, "--out", data.path("run")]
        try Command.run(train + ["--set", "train.seed=5"]).expectFailure(
          65, ["train.seed: 5, was 1"])
        try Command.run(train).expectSuccess()
        #expect(try String(contentsOfFile: path, encoding: .utf8).contains("seed: 1"))
      }
    }

    /// A start that fails leaves no recipe that a later one would have to follow.
    @Test func aStartThatFailsBindsNobody() throws {
      try withTinyData { data in
        let train = ["train", data.recipe, "--out", data.path("run")]
        try Command.run(train + ["--set", "student.weights=none.safetensors"])
          .expectFailure(66, ["none.safetensors"])
        #expect(!FileManager.default.fileExists(atPath: data.path("run/recipe.yaml")))
        try Command.run(train + ["--set", "train.learning_rate=0.01"]).expectSuccess()
      }
    }

    @Test func aDamagedLineOfMetricsCostsThatLine() throws {
      try withTinyData { data in
        let path = data.path("run/metrics.jsonl")
        try data.trainHalf()
        var bytes = try Data(contentsOf: URL(filePath: path))
        let count = bytes.split(separator: 10).count
        bytes += [0xFF, 10]
        try bytes.write(to: URL(filePath: path))
        let resumed = try Command.run(["train", data.recipe, "--out", data.path("run")])
        resumed.expectSuccess()
        #expect(resumed.standardError.contains("1 damaged line"), "\(resumed)")
        let after = try Data(contentsOf: URL(filePath: path))
        // A line of training and one of validation came.
        #expect(after.split(separator: 10).count == count + 2)
        #expect(after.starts(with: bytes.dropLast(2)))
      }
    }
  }
}

extension TinyData {
  /// Trains one iteration of two, as a run that was stopped: the second one's files are removed.
  func trainHalf(_ options: [String] = [], _ name: String = "run") throws {
    let run = path(name)
    try Command.run(["train", recipe, "--out", run] + options).expectSuccess()
    for file in ["checkpoints/iteration_0000002.safetensors", "student.safetensors"] {
      try FileManager.default.removeItem(atPath: run + "/" + file)
    }
    let metrics = run + "/metrics.jsonl"
    let first = try String(contentsOfFile: metrics, encoding: .utf8).split(separator: "\n")[0]
    try (first + "\n").write(toFile: metrics, atomically: true, encoding: .utf8)
  }
}
