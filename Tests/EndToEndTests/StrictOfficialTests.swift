import TestSupport
import Testing

/// `distill.strict_official`: where the published scripts divide by zero, no weight moves.
@Suite(.serialized) struct StrictOfficialTests {
  /// No probability is at or below 0, so no pixel is hard for anyone and XOR keeps none.
  private static let empty = [
    "distill.warmup_iterations=0", "distill.ohem.threshold=0", "distill.ohem.minimum_kept=0",
    "train.checkpoint_every=0",
  ]

  @Test func an_empty_mask_skips_the_update() throws {
    try withTemporaryFolder { folder in
      let run = try Run(folder)
      let strict = Self.empty + ["distill.strict_official=true"]
      try #require(run.train("two", ranks: 2, set: strict + ["train.iterations=2"]).exitCode == 0)
      try #require(run.train("three", ranks: 2, set: strict + ["train.iterations=3"]).exitCode == 0)
      #expect(try run.metrics("three").map(\.skippedUpdates) == [1, 1, 1])
      #expect(try run.parameters("two") == run.parameters("three"))
    }
  }

  @Test func otherwise_the_other_terms_are_trained() throws {
    try withTemporaryFolder { folder in
      let run = try Run(folder)
      for (name, iterations) in [("two", 2), ("three", 3)] {
        let settings = Self.empty + ["train.iterations=\(iterations)"]
        try #require(run.train(name, ranks: nil, set: settings).exitCode == 0)
      }
      #expect(try run.metrics("three").map(\.skippedUpdates) == [0, 0, 0])
      #expect(try run.parameters("two") != run.parameters("three"))
    }
  }
}

extension Run {
  /// The bytes of a run's last parameters, without BatchNorm's running statistics.
  fileprivate func parameters(_ name: String) throws -> [String: [UInt8]] {
    try weights(name).filter { !$0.key.contains("running_") && !$0.key.contains("num_batches") }
  }
}
