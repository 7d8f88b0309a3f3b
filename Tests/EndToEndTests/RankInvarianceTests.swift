import TestSupport
import Testing
import Torch

/// The law of the project, on whole runs: the number of ranks is not a hyper-parameter.
///
/// A batch of 4 does not divide among 3 ranks; augmentation and dropout are on.
@Suite(.serialized) struct RankInvarianceTests {
  @Test func doublePrecisionRunsAreEqualToRounding() throws {
    let runs = try lines(["train.precision=float64"])
    let one = runs[0]
    #expect(one.map(\.iteration) == Array(1...10))
    #expect(
      one.map(\.stage) == [String](repeating: "tfe", count: 4) + Array(repeating: "tse", count: 6))
    // The k-th smallest probability decided, and the masks kept something.
    #expect(one.dropFirst(4).allSatisfy { $0.studentThreshold ?? 0 > 0.05 })
    #expect(one.dropFirst(4).allSatisfy { $0.selectedPixels ?? 0 > 0 })
    for (ranks, other) in [(2, runs[1]), (3, runs[2])] {
      // A rounding error grows some tenfold an iteration, and turns a pixel of the mask over sometimes:
      // with LibTorch 2.15 the tenth iteration selects others by a tenth.
      for (a, b) in zip(one, other).prefix(8) {
        let name = "\(a.iteration) on \(ranks) ranks"
        let tolerance = a.iteration == 1 ? 1e-14 : a.stage == "tfe" ? 1e-9 : 2e-3
        try expectClose(a.loss, b.loss, tolerance, "loss of \(name)")
        guard a.stage == "tse" else { continue }
        try expectClose(a.studentThreshold, b.studentThreshold, 2e-3, "student of \(name)")
        try expectClose(a.teacherThreshold, b.teacherThreshold, 2e-3, "teacher of \(name)")
        try expectClose(
          a.selectedPixels.map(Double.init), b.selectedPixels.map(Double.init), 2e-2,
          "selected of \(name)")
      }
    }
  }

  /// Without AVX-512 rdd refuses bfloat16 (`InstructionTests`).
  private static let hasBFloat16 = InstructionSet.ofHost ?? .avx2 >= .avx512

  /// Ranks and threads of each.
  private static let shapes = [(1, 1), (2, 1), (3, 1), (1, 2), (2, 2), (1, 4)]

  /// At a learning rate at which rounding errors grow tenfold an iteration: there are none. Nor with
  /// images moved by signs, which rounding could turn over; nor where every part has another engine.
  @Test(
    arguments: [
      [], ["train.fgsm=8"],
      ["distill.engine=reference", "teacher.engine=eager", "train.batch_size=5"],
    ] + (hasBFloat16 ? [["train.precision=bfloat16"]] : []))
  func neitherRanksNorThreadsChangeABit(_ settings: [String]) throws {
    try withTemporaryFolder { folder in
      let run = try Run(folder)
      for (ranks, threads) in Self.shapes {
        let result = try run.train(
          "\(ranks)x\(threads)", ranks: ranks,
          set: ["train.learning_rate=0.02", "train.threads=\(threads)"] + settings)
        try #require(result.exitCode == 0, "\(ranks) x \(threads): \(result)")
      }
      let one = try run.metrics("1x1")
      let weights = try run.weights("1x1")
      #expect(one.count == 10 && weights.count > 100)
      for (ranks, threads) in Self.shapes.dropFirst() {
        let name = "\(ranks) ranks of \(threads) threads"
        for (a, b) in zip(one, try run.metrics("\(ranks)x\(threads)")) {
          #expect(a == b, "iteration \(a.iteration), \(name)")
        }
        #expect(try run.weights("\(ranks)x\(threads)") == weights, "weights, \(name)")
      }
    }
  }

  @Test(arguments: ["fused", "reference"])
  func singlePrecisionBeginsEqualWithoutExactSums(engine: String) throws {
    // From the first iteration in the late stage, where thresholds are global too.
    let runs = try lines([
      "train.iterations=2", "distill.warmup_iterations=0", "distill.engine=\(engine)",
      "train.exact_sums=false",
    ])
    for other in runs.dropFirst() {
      let (a, b) = (runs[0][0], other[0])
      try expectClose(a.loss, b.loss, 1e-5, "loss")
      try expectClose(a.studentThreshold, b.studentThreshold, 1e-5, "student")
      try expectClose(a.teacherThreshold, b.teacherThreshold, 1e-5, "teacher")
    }
  }

  /// The metrics of the same run on 1, 2 and 3 ranks.
  private func lines(_ settings: [String]) throws -> [[Line]] {
    try withTemporaryFolder { folder in
      let run = try Run(folder)
      return try [1, 2, 3].map { ranks in
        let result = try run.train("\(ranks)", ranks: ranks, set: settings)
        try #require(result.exitCode == 0, "\(ranks) ranks: \(result)")
        return try run.metrics("\(ranks)")
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
