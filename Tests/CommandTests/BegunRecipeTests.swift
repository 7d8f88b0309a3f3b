import Foundation
import TestSupport
import Testing

extension CommandTests {
  /// Defaults that were others once: runs that were begun with them go on with them.
  @Suite struct BegunRecipeTests {
    /// What earlier versions wrote into checkpoints and recipe.yaml of every run, whatever its length.
    private let earlier = ["--set", "distill.warmup_iterations=4000"]

    @Test func aRunOfAnEarlierVersionGoesOn() throws {
      try withTinyData { data in
        try data.trainHalf(earlier)
        let train = ["train", data.recipe, "--out", data.path("run")]
        try Command.run(train + ["--set", "distill.warmup_iterations=1"])
          .expectFailure(65, ["distill.warmup_iterations: 1, was 4000"])
        let check = try Command.run(["check"] + train.dropFirst(), ranks: 2)
        check.expectSuccess()
        #expect(check.standardOutput.contains("goes on from iteration 1 of 2"), "\(check)")
        let resumed = try Command.run(train, ranks: 2)
        resumed.expectSuccess()
        let note =
          "distill.warmup_iterations: 4000, with which the run was begun; the default is 0 now"
        #expect(resumed.standardError.contains(note), "\(resumed)")
        #expect(
          try String(contentsOfFile: data.path("run/recipe.yaml"), encoding: .utf8)
            .contains("warmup_iterations: 4000"))

        // Finished, and its checkpoints gone: the weights know their run by a digest alone.
        try FileManager.default.removeItem(atPath: data.path("run/checkpoints"))
        let measured = try Command.run(train)
        measured.expectSuccess()
        #expect(measured.standardError.contains("is measured again"), "\(measured)")
        let fresh = try Command.run(train + ["--fresh"])
        fresh.expectSuccess()
        #expect(!fresh.standardError.contains("was begun"), "\(fresh)")
      }
    }

    @Test("A second stage that never starts is told of once, in check and in training")
    func aStageThatNeverStarts() throws {
      try withTinyData { data in
        let settings = [
          "distill=rdd", "teacher.network=deeplabv3_resnet18", "teacher.from_seed=true",
        ].flatMap { ["--set", $0] }
        for command in ["check", "train"] {
          let run = [command, data.recipe, "--out", data.path("run")] + settings
          let vain = try Command.run(run + earlier, ranks: command == "check" ? 2 : nil)
          vain.expectSuccess()
          let words =
            "distill.warmup_iterations: 4000 in a run of 2 iterations: TSE, the second stage"
          #expect(vain.standardError.components(separatedBy: words).count == 2, "\(vain)")
        }
        // A new folder, and the default.
        let good = ["train", data.recipe, "--out", data.path("other")] + settings
        let result = try Command.run(good)
        result.expectSuccess()
        #expect(!result.standardError.contains("never starts"), "\(result)")
      }
    }
  }
}
