import Foundation
import ImageIO
import TestSupport
import Testing

extension CommandTests {
  /// Images and labels that change, or go, while a run reads them.
  @Suite(.serialized) struct ChangingDataTests {
    private static let set = [
      "data.cache_mebibytes=0", "train.checkpoint_every=0", "train.log_every=1000",
    ]

    /// Trains; `act` is done once the run has begun.
    private func train(
      _ data: TinyData, iterations: Int, ranks: Int? = nil, _ act: () throws -> Void
    ) throws -> ProcessResult {
      let words = (Self.set + ["train.iterations=\(iterations)"]).flatMap { ["--set", $0] }
      return try Command.run(
        ["train", data.recipe, "--out", data.path("run")] + words, ranks: ranks
      ) { process in
        #expect(process.waitForLog("iteration 1/"))
        try act()
      }
    }

    /// Replaces a file by another one, as an editor does.
    private func replace(_ path: String, with other: String) throws {
      let files = FileManager.default
      try files.copyItem(atPath: other, toPath: path + ".new")
      #expect(rename(path + ".new", path) == 0)
    }

    /// Fails unless the failing run has saved its last iteration.
    private func expectSaved(_ result: ProcessResult, _ data: TinyData) throws {
      let number = try #require(
        result.errorLines.first?.firstMatch(of: /; iteration (\d+) is saved/)?.1, "\(result)")
      let digits = String(repeating: "0", count: 7 - number.count) + number
      let saved = data.path("run/checkpoints/iteration_\(digits).safetensors")
      #expect(FileManager.default.fileExists(atPath: saved), "\(result)")
    }

    @Test(arguments: ["1.png", "1-labels.png"], [nil, 2])
    func aReplacedFileEndsTheRun(name: String, ranks: Int?) throws {
      try withTinyData { data in
        let other = name.replacing("1", with: "2")
        let result = try train(data, iterations: 100_000, ranks: ranks) {
          try replace(data.path(name), with: data.path(other))
        }
        result.expectFailure(65, ["/\(name): changed since this run began: "])
        try expectSaved(result, data)
      }
    }

    @Test func aFileOfTheSameContentDoesNot() throws {
      try withTinyData { data in
        let result = try train(data, iterations: 60) {
          try replace(data.path("1.png"), with: data.path("1.png"))
          chmod(data.path("1-labels.png"), 0o600)
        }
        result.expectSuccess()
      }
    }

    /// It is at the second rank, and the first one says so for both.
    @Test(arguments: [nil, 2])
    func anImageThatGoesCostsNoIteration(ranks: Int?) throws {
      try withTinyData { data in
        let (path, aside) = (data.path("1.png"), data.path("aside.png"))
        let result = try train(data, iterations: 100_000, ranks: ranks) {
          #expect(rename(path, aside) == 0)
        }
        result.expectFailure(
          66, ["train.txt:2: 1.png: No such file"] + (ranks == nil ? [] : ["error: rank 1 (host "]))
        try expectSaved(result, data)
      }
    }

    /// The weights of the last iteration are kept, and measured once the image is there again.
    @Test(arguments: [nil, 2])
    func aValidationImageThatGoesCostsNoIteration(ranks: Int?) throws {
      try withTinyData { data in
        let path = data.path("v.png")
        try FileManager.default.copyItem(atPath: data.path("3.png"), toPath: path)
        try data.writeList(["2.png 2-labels.png", "v.png 3-labels.png"], "val.txt")
        let result = try train(data, iterations: 40, ranks: ranks) {
          #expect(rename(path, path + ".aside") == 0)
        }
        result.expectFailure(66, ["val.txt:2: v.png: No such file", "; iteration 40 is saved"])
        try expectSaved(result, data)
        #expect(!FileManager.default.fileExists(atPath: data.path("run/student.safetensors")))
        #expect(rename(path + ".aside", path) == 0)
        let words = (Self.set + ["train.iterations=40"]).flatMap { ["--set", $0] }
        for _ in 0..<2 {
          let again = try Command.run(
            ["train", data.recipe, "--out", data.path("run")] + words, ranks: ranks)
          again.expectSuccess()
          let lines = try String(contentsOfFile: data.path("run/metrics.jsonl"), encoding: .utf8)
          let validations = lines.split(separator: "\n").filter {
            $0.contains(#""kind":"validation""#)
          }
          #expect(validations.count == 1, "\(lines)")
          #expect(FileManager.default.fileExists(atPath: data.path("run/best.safetensors")))
        }
      }
    }
  }
}
