import Foundation
import TestSupport
import Testing

/// `distill.strict_official`: what the published scripts do not survive is not survived.
@Suite(.serialized) struct StrictTests {
  private static let strict = [
    "train.iterations=2", "distill.warmup_iterations=0", "distill.strict_official=true",
  ]

  /// Every probability is at most 1, so all pixels are hard for both networks: XOR keeps none.
  @Test(arguments: ["global", "local"])
  func anEmptyMaskSkipsTheUpdate(_ statistics: String) throws {
    try withTemporaryFolder { folder in
      let run = try Run(folder)
      let empty = [
        "distill.ohem.threshold=1", "distill.ohem.minimum_kept=0",
        "distill.statistics=\(statistics)",
      ]
      let strict = try run.train("strict", ranks: 2, set: Self.strict + empty)
      try #require(strict.exitCode == 0, "\(strict)")
      #expect(strict.standardError.contains("an empty mask"), "\(strict.standardError)")
      #expect(try run.metrics("strict").map(\.skippedUpdates) == [1, 1])
      let total = try run.train(
        "total", ranks: 2, set: Self.strict + empty + ["distill.strict_official=false"])
      try #require(total.exitCode == 0, "\(total)")
      #expect(try run.metrics("total").map(\.skippedUpdates) == [0, 0])
      // The KD term alone moves the weights of the other run.
      let name = "head.block.4.weight"
      let (skipped, trained) = (try run.weights("strict")[name], try run.weights("total")[name])
      #expect(skipped != nil && trained != nil && skipped != trained)
    }
  }

  @Test func tooFewValidPixelsEndTheRun() throws {
    try withTemporaryFolder { folder in
      let run = try Run(folder)
      let few = ["distill.ohem.minimum_kept=100000"]
      let strict = try run.train("strict", ranks: 2, set: Self.strict + few)
      #expect(strict.exitCode == 65, "\(strict)")
      #expect(strict.standardError.contains("distill.strict_official"))
      let total = try run.train(
        "total", ranks: 2, set: Self.strict + few + ["distill.strict_official=false"])
      #expect(total.exitCode == 0, "\(total)")
    }
  }
}
