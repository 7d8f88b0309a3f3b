import TestSupport
import Testing

/// The teacher that runs ahead changes no bit.
@Suite(.serialized) struct TeacherAheadTests {
  /// Validations and checkpoints fall between a lesson and its use.
  private static let between = ["train.validate_every=3", "train.checkpoint_every=4"]

  @Test(arguments: [nil, 2]) func numbersAreEqual(_ ranks: Int?) throws {
    try withTemporaryFolder { folder in
      let run = try Run(folder)
      for (name, ahead) in [("ahead", "true"), ("behind", "false")] {
        let result = try run.train(
          name, ranks: ranks, set: Self.between + ["teacher.ahead=\(ahead)"])
        try #require(result.exitCode == 0, "\(result)")
      }
      let (ahead, behind) = (try run.metrics("ahead"), try run.metrics("behind"))
      #expect(ahead.map(\.iteration) == Array(1...10))
      #expect(ahead.map(\.loss) == behind.map(\.loss))
      #expect(ahead.map(\.selectedPixels) == behind.map(\.selectedPixels))
      #expect(try run.weights("ahead") == run.weights("behind"))
    }
  }

  /// A resumed run begins with a lesson that the run before had already begun.
  @Test func resumedRunsAreEqual() throws {
    try withTemporaryFolder { folder in
      let run = try Run(folder)
      let whole = try run.train("whole", ranks: 2, set: ["teacher.ahead=false"])
      try #require(whole.exitCode == 0, "\(whole)")
      #expect(try run.killARank("killed", afterIteration: 6) != 0)
      let resumed = try run.train("killed", ranks: 2)
      try #require(resumed.exitCode == 0, "\(resumed)")
      #expect(resumed.standardError.contains("going on from"))
      #expect(try run.weights("killed") == run.weights("whole"))
    }
  }
}
