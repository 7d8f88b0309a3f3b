import TestSupport
import Testing

/// The law of the project, on whole runs: the number of ranks is not a hyper-parameter.
///
/// A batch of 4 does not divide among 3 ranks; augmentation and dropout are on.
@Suite(.serialized) struct RankInvarianceTests {
  @Test func losses_and_thresholds_do_not_depend_on_ranks() throws {
    try withTemporaryFolder { folder in
      let run = try Run(folder)
      var runs: [Int: [Line]] = [:]
      for ranks in [1, 2, 3] {
        let result = try run.train("\(ranks)", ranks: ranks)
        try #require(result.exitCode == 0, "\(ranks) ranks: \(result)")
        runs[ranks] = try run.metrics("\(ranks)")
      }
      let one = try #require(runs[1])
      #expect(one.map(\.iteration) == Array(1...10))
      #expect(
        one.map(\.stage) == Array(repeating: "tfe", count: 4) + Array(repeating: "tse", count: 6))
      for ranks in [2, 3] {
        let other = try #require(runs[ranks])
        for (a, b) in zip(one, other) {
          let tolerance = a.iteration == 1 ? 1e-5 : 1e-3
          try expectClose(a.loss, b.loss, tolerance, "loss of \(a.iteration) on \(ranks) ranks")
          guard a.stage == "tse" else { continue }
          try expectClose(
            a.student_threshold, b.student_threshold, 1e-3, "student threshold \(a.iteration)")
          try expectClose(
            a.teacher_threshold, b.teacher_threshold, 1e-3, "teacher threshold \(a.iteration)")
        }
      }
    }
  }

  private func expectClose(
    _ a: Double?, _ b: Double?, _ tolerance: Double, _ what: String
  ) throws {
    let (a, b) = (try #require(a), try #require(b))
    #expect(abs(a - b) <= tolerance * abs(a), "\(what): \(a) and \(b)")
  }
}
