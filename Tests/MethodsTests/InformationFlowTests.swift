import DataParallel
import Methods
import Networks
import Reduction
import TestSupport
import Testing
import Torch

/// `hkd` on four samples of two numbers, which stand at all four depths.
@Suite struct InformationFlowTests {
  private struct Outcome: Sendable {
    var terms: [String: Double]
    var gradient: [Double]
    var replacesTask: Bool
  }

  private static let student = [1.0, 0.5, 0.5, 1, 0, 1, -1, 0]
  private static let teacher = [1.0, 0, 0, 1, 1, 1, -1, 0.5]

  /// - Parameter weights: of the samples, from RDD's map; nil where it does not reach methods.
  private func run(
    _ options: [String: String] = [:], ranks: Int = 1, iteration: Int = 1,
    student: [Double] = student, weights: [Double]? = nil
  ) -> Outcome {
    let parts = SimulatedRanks.run(ranks) { reducer -> Outcome in
      let range = Shard.range(of: 2, rank: reducer.rank, worldSize: ranks)
      func map(_ values: [Double]) -> Tensor {
        Tensor(values, [2, 1, 2, 2]).permuted([0, 3, 1, 2]).narrowed(0, range).clone()
      }
      let (own, other) = (map(student), map(Self.teacher))
      own.requiresGradient = true
      let logits = Tensor.zeros([range.count, 3, 1, 2], .float64)
      let stages = [own, own, own].map { $0.detached }
      let step = MethodStep(
        iteration: iteration, positions: range, batchSize: 2,
        images: Tensor.zeros([range.count, 3, 1, 2], .float64),
        labels: Tensor(FixA.labels, [2, 1, 2]).narrowed(0, range),
        student: SegmentationOutput(
          logits: logits, auxiliaryLogits: nil, feature: own, stages: stages),
        teacher: SegmentationOutput(
          logits: logits, auxiliaryLogits: nil, feature: other, stages: [other, other, other]),
        difficulty: weights.map { Tensor($0, [2, 1, 2]).narrowed(0, range) }, reducer: reducer)
      var setting = FixA.setting(classes: 3, features: (2, 2))
      setting.iterations = 50
      let suite = FixA.suite("hkd", ["weight": "1"].merging(options) { $1 }, setting)
      let outcome = suite.evaluate(step)
      Autograd.backward([(outcome.root, nil)])
      return Outcome(
        terms: Dictionary(uniqueKeysWithValues: outcome.terms),
        gradient: own.gradient?.permuted([0, 2, 3, 1]).array(Double.self) ?? [],
        replacesTask: suite.replacesTask)
    }
    return Outcome(
      terms: parts[0].terms, gradient: parts.flatMap(\.gradient),
      replacesTask: parts[0].replacesTask)
  }

  @Test(arguments: [1, 2])
  func values(_ ranks: Int) {
    let found = run(ranks: ranks)
    for depth in ["first", "second", "third", "last"] {
      #expect(isClose(found.terms["hkd.\(depth)"], 0.0422880632), "\(found.terms)")
    }
    #expect(isClose(Array(found.gradient[..<2]), [-0.0029878309, 0.0051221777]))
    let norm = found.gradient.reduce(0) { $0 + $1 * $1 }.squareRoot()
    #expect(isClose(norm, 0.0799709380), "\(found.gradient)")
    #expect(!found.replacesTask)
    // Two ranks have parts of the maps; from equal maps there is nothing to learn.
    let equal = run(ranks: ranks, student: Self.teacher)
    #expect(equal.terms["hkd.last"] == 0 && equal.gradient.allSatisfy { $0 == 0 })
  }

  /// The factor of the first three depths falls with the epoch.
  @Test(arguments: [
    (0, 100.0), (1, 70), (5, 16.807), (10, 2.824752), (20, 0.079792), (49, 0.000003),
  ])
  func schedule(_ epoch: Int, _ factor: Double) {
    let found = run(iteration: epoch + 1).terms["hkd.early_factor"] ?? 0
    #expect(abs(found - factor) <= 5e-7, "\(found)")
  }

  /// A weighted value is the weighted mean of those of the rows.
  @Test func weights() {
    let rows = (0..<4).map { row in
      run(weights: (0..<4).map { $0 == row ? 1 : 0 }).terms["hkd.last"] ?? 0
    }
    #expect(isClose(rows.reduce(0, +) / 4, 0.0422880632))
    let half = run(ranks: 2, weights: [1, 0.5, 0.5, 0]).terms["hkd.last"]
    #expect(isClose(half, (2 * rows[0] + rows[1] + rows[2]) / 4))
    #expect(run(weights: [0, 0, 0, 0]).terms["hkd.last"] == 0)
  }

  /// The auxiliary teacher learns from the last depth alone, and from no label.
  @Test func auxiliaryStage() {
    let found = run(["stage": "auxiliary"])
    #expect(Array(found.terms.keys) == ["hkd.last"] && found.replacesTask)
    #expect(isClose(found.terms["hkd.last"], 0.0422880632))
  }
}
