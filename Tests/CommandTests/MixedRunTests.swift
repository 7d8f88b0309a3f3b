import Files
import Foundation
import TestSupport
import Testing
import WeightFiles

extension CommandTests {
  /// Files of two runs in one folder, and runs that went on otherwise than they were begun.
  @Suite struct MixedRunTests {
    private func identity(_ run: String) throws -> String? {
      try WeightFile.metadata(run + "/student.safetensors")["run.identity"]
    }

    private func replace(_ name: String, of run: String, from other: String) throws {
      try? FileManager.default.removeItem(atPath: run + "/" + name)
      try FileManager.default.copyItem(atPath: other + "/" + name, toPath: run + "/" + name)
    }

    /// The same recipe at the end makes no other run the same.
    @Test func aRunThatWentOnOtherwiseIsARunOfItsOwn() throws {
      try withTinyData { data in
        let (run, plain) = (data.path("run"), data.path("plain"))
        let slow = ["--set", "train.learning_rate=0.0005"]
        try data.trainHalf(["--set", "train.learning_rate=0.05"])
        let train = ["train", data.recipe] + slow
        try Command.run(train + ["--out", run, "--accept", "recipe"]).expectSuccess()
        try Command.run(train + ["--out", plain]).expectSuccess()
        #expect(try identity(run) != identity(plain))
        let name = "checkpoints/iteration_0000002.safetensors"
        let own = try Data(contentsOf: URL(filePath: run + "/" + name))
        try replace(name, of: run, from: plain)
        let stranger = "found a checkpoint of another run, which accepted other differences"
        try Command.run(train + ["--out", run]).expectFailure(65, [stranger, "--accept recipe"])
        try own.write(to: URL(filePath: run + "/" + name))
        try replace(name, of: plain, from: run)
        try Command.run(train + ["--out", plain]).expectFailure(65, [stranger])
        // Itself it goes on, and is measured when its checkpoints are gone.
        try Command.run(train + ["--out", run]).expectSuccess()
        try FileManager.default.removeItem(atPath: run + "/checkpoints")
        try Command.run(train + ["--out", run]).expectSuccess()
      }
    }

    /// Nothing that is accepted takes iterations back.
    @Test func aRunCannotEndBeforeItsCheckpoint() throws {
      try withTinyData { data in
        let train = ["train", data.recipe, "--out", data.path("run")]
        try Command.run(train).expectSuccess()
        let before = try Data(contentsOf: URL(filePath: data.path("run/history.jsonl")))
        let shorter = train + ["--set", "train.iterations=1"]
        let words = ["train.iterations: 1: found ", "after which 2 iterations are done"]
        try Command.run(shorter + ["--accept", "recipe"]).expectFailure(65, words)
        #expect(
          try Data(contentsOf: URL(filePath: data.path("run/history.jsonl"))) == before)
        let check = try Command.run(["check"] + shorter.dropFirst())
        check.expectFailure(65, ["found 1 problem"])
        #expect(check.standardError.contains(words[0]), "\(check)")
      }
    }
  }
}
