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

    @Test func filesOfAnotherRunAreTold() throws {
      try withTinyData { data in
        let (run, other) = (data.path("run"), data.path("other"))
        try Command.run(["train", data.recipe, "--out", run]).expectSuccess()
        try Command.run(
          ["train", data.recipe, "--out", other, "--set", "train.seed=9", "--set", "train.fgsm=2"]
        ).expectSuccess()
        func warnings(_ command: [String]) throws -> [String] {
          let result = try Command.run(command)
          result.expectSuccess()
          return result.standardError.split(separator: "\n").map(String.init)
            .filter { $0.contains("warning: ") }
        }
        let compare = ["compare", run, other]
        let report = ["report", run, other, "--out", data.path("report.html")]
        #expect(try warnings(compare) == [] && warnings(["eval", run]) == [])
        let names = ["recipe.yaml", "metrics.jsonl", "best.safetensors"]
        for name in names { try replace(name, of: run, from: other) }
        for command in [compare, report, ["eval", run]] {
          let found = try warnings(command)
          let told = names.filter { command[0] != "eval" || $0 != "metrics.jsonl" }
          #expect(found.count == told.count, "\(command): \(found)")
          for (line, name) in zip(found, told) {
            #expect(line.contains("\(run)/\(name): found "), "\(command): \(line)")
          }
        }
      }
    }

    @Test func classesThatAreCalledOtherwiseAreTold() throws {
      try withTinyData { data in
        try data.trainHalf(["--set", "data.classes=[road, wall, box]"])
        let train = ["train", data.recipe, "--out", data.path("run"), "--set"]
        let resumed = try Command.run(train + ["data.classes=[road, box, wall]"])
        resumed.expectSuccess()
        let warning = "data.classes: class 1 is 'box' now, and was 'wall'"
        #expect(resumed.standardError.contains(warning), "\(resumed)")
        let again = try Command.run(train + ["data.classes=[road, box, wall]"])
        #expect(!again.standardError.contains("data.classes"), "\(again)")
      }
    }

    /// The recipe in a run's folder, without a word of where to.
    @Test func theRecipeOfARunBeginsAnotherAndSaysSo() throws {
      try withTinyData { data in
        try Command.run(["train", data.recipe, "--out", data.path("runs/a")]).expectSuccess()
        let begin = #"cd "$1"; shift; exec "$0" train "$@""#
        let hint = "to go on with the first one: rdd train runs/a"
        let recipe = "runs/a/recipe.yaml"
        let other = try Command.bash(begin, [data.folder.path, recipe])
        other.expectSuccess()
        #expect(other.standardError.contains(hint), "\(other)")
        // A recipe of nobody's, and a folder that was chosen.
        for words in [["recipe.yaml"], [recipe, "--out", "runs/a"]] {
          let result = try Command.bash(begin, [data.folder.path] + words)
          #expect(!result.standardError.contains("to go on with"), "\(result)")
        }
      }
    }
  }
}
