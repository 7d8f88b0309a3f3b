import DataParallel
import Methods
import Networks
import Reduction
import TestSupport
import Testing
import Torch

/// `rrd` with identity maps in the plane: values, and what the memory holds afterwards.
@Suite struct RelationalRepresentationTests {
  private struct Outcome: Sendable {
    var value: Double
    var memory: [Double]
    var next: Double
  }

  private func run(
    _ student: Double, _ teacher: Double, ranks: Int = 1, next: Int64 = 0
  ) -> Outcome {
    SimulatedRanks.run(ranks) { reducer -> Outcome in
      let suite = FixA.suite(
        "rrd",
        [
          "tau_student": "\(student)", "tau_teacher": "\(teacher)", "unit": "image", "width": "2",
          "memory": "4",
        ], FixA.setting(classes: 3, features: (2, 2)))
      func set(_ name: String, _ values: [Double]) {
        guard let tensor = suite.entries.first(where: { $0.name.hasSuffix(name) })?.tensor else {
          return
        }
        Autograd.withoutHistory { tensor.copy(from: Tensor(values, tensor.shape)) }
      }
      for name in ["student", "teacher"] {
        set("\(name).weight", [1, 0, 0, 1])
        set("\(name).bias", [0, 0])
      }
      set("memory", [1, 0, 0, 1, -1, 0, 0, -1])
      set("next", [Double(next)])
      let range = Shard.range(of: 2, rank: reducer.rank, worldSize: ranks)
      func output(_ feature: [Double]) -> SegmentationOutput {
        SegmentationOutput(
          logits: Tensor.zeros([range.count, 3, 1, 1], .float64), auxiliaryLogits: nil,
          feature: Tensor(feature, [2, 2, 1, 1]).narrowed(0, range))
      }
      let outcome = suite.evaluate(
        MethodStep(
          iteration: 1, positions: range, batchSize: 2,
          images: Tensor.zeros([range.count, 3, 1, 1], .float64),
          labels: Tensor([0, 1] as [Int64], [2, 1, 1]).narrowed(0, range),
          student: output([1, 0, 1, 1]), teacher: output([3, 4, 0, 2]), reducer: reducer))
      func values(_ name: String) -> [Double] {
        suite.entries.first { $0.name.hasSuffix(name) }?.tensor.array(Double.self) ?? []
      }
      return Outcome(value: outcome.loss, memory: values("memory"), next: values("next")[0])
    }[ranks - 1]
  }

  @Test(arguments: [1, 2])
  func values(_ ranks: Int) {
    let cases = [(0.1, 0.02, 1.4454707365), (0.02, 0.1, 8.0176715299), (0.5, 0.5, 1.0704968785)]
    for (student, teacher, value) in cases {
      let outcome = run(student, teacher, ranks: ranks)
      #expect(isClose(outcome.value, value), "\(outcome)")
      #expect(isClose(outcome.memory, [0.6, 0.8, 0, 1, -1, 0, 0, -1]) && outcome.next == 2)
    }
    let wrapped = run(0.5, 0.5, ranks: ranks, next: 3)
    #expect(isClose(wrapped.value, 1.2842068392) && wrapped.next == 1, "\(wrapped)")
  }
}
