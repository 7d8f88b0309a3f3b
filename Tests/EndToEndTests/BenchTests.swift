import Foundation
import TestSupport
import Testing

/// `rdd bench`, run by the real command.
@Suite struct BenchTests {
  @Test func stepsOnTwoRanks() throws {
    try withTemporaryFolder { folder in
      let run = try Run(folder)
      let result = try MPIRun.run(
        ranks: 2, program: "rdd",
        arguments: ["bench", "step", run.path("tiny.yaml"), "--steps", "4", "--json"],
        environment: ["OMP_NUM_THREADS": "1"])
      try #require(result.exitCode == 0, "\(result)")
      let step = try JSONDecoder().decode(Step.self, from: Data(result.standardOutput.utf8))
      #expect(step.ranks == 2 && step.steps == 4 && step.stages == ["tse"])
      #expect(step.step_seconds.ranks.count == 2 && step.step_seconds.minimum > 0)
      #expect(
        Set(step.phase_seconds.keys) == [
          "data", "teacher", "student", "difficulty", "backward", "communication", "update",
        ])
      // The phases are all of the step.
      for rank in 0...1 {
        let sum = step.phase_seconds.values.reduce(0) { $0 + $1.ranks[rank] }
        #expect(abs(sum - step.step_seconds.ranks[rank]) < 0.5 * step.step_seconds.ranks[rank])
      }
      #expect(abs(step.images_per_second * step.step_seconds.median - 4) < 1e-6)
      #expect(step.peak_bytes > 1e7)
    }
  }

  @Test func losses() throws {
    try withTemporaryFolder { folder in
      let run = try Run(folder)
      let result = try MPIRun.run(
        ranks: nil, program: "rdd",
        arguments: ["bench", "loss", run.path("tiny.yaml"), "--calls", "3", "--json"])
      try #require(result.exitCode == 0, "\(result)")
      let loss = try JSONDecoder().decode(Loss.self, from: Data(result.standardOutput.utf8))
      #expect(Set(loss.seconds.keys) == ["tfe", "tse"])
      #expect(loss.seconds.values.allSatisfy { $0 > 0 && $0 < 1 })
    }
  }

  private struct Spread: Decodable {
    let median: Double
    let minimum: Double
    let ranks: [Double]
  }

  private struct Step: Decodable {
    let ranks: Int
    let steps: Int
    let stages: [String]
    let step_seconds: Spread
    let phase_seconds: [String: Spread]
    let images_per_second: Double
    let peak_bytes: Double
  }

  private struct Loss: Decodable { let seconds: [String: Double] }
}
