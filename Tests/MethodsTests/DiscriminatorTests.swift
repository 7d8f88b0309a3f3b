import Methods
import Networks
import Randomness
import TestSupport
import Testing
import Torch

/// The adversarial part of `structured`; that it is the same on any number of ranks and goes on from
/// checkpoints is tested with all methods.
@Suite struct DiscriminatorTests {
  /// A discriminator that gives every map the same score.
  @Test(arguments: [(0.25, 2.0), (2.0, 3.0)])
  func sameScoreForAll(_ score: Double, _ own: Double) throws {
    let options = ["width": "2", "pixel": "0", "pair": "0", "adversarial": "0.5"]
    let found = FixA.run("structured", options, ranks: 2) { suite in
      Autograd.withoutHistory {
        for entry in suite.entries {
          if entry.name.hasSuffix("last.weight") { entry.tensor.fill(0) }
          if entry.name.hasSuffix("last.bias") { entry.tensor.fill(score) }
        }
      }
    }
    #expect(isClose(found.terms["structured.adversarial"], -score))
    #expect(isClose(found.terms["structured.discriminator"], own))
    #expect(isClose(found.loss, -0.5 * score))
    #expect(found.gradient.allSatisfy { $0 == 0 })
  }

  /// Nothing of it is there where its factor is 0, nor is any of it trained with the student.
  @Test func itIsNoPartOfTheStudent() {
    let setting = FixA.setting(classes: 3, features: (3, 3))
    #expect(FixA.suite("structured", [:], setting).entries.isEmpty)
    let entries = FixA.suite("structured", ["adversarial": "1"], setting).entries
    #expect(entries.count > 40 && entries.allSatisfy { $0.role == .buffer })
  }

  /// It learns to tell two maps that do not change.
  @Test func itLearns() {
    func map(_ seed: UInt64) -> Tensor {
      var random = CounterRandom(.test, seed: seed)
      return Tensor((0..<48).map { _ in random.normal() }, [1, 3, 4, 4])
    }
    func output(_ logits: Tensor) -> SegmentationOutput {
      SegmentationOutput(logits: logits, auxiliaryLogits: nil, feature: nil)
    }
    let (made, real) = (map(1), map(2))
    made.requiresGradient = true
    let options = ["width": "4", "pixel": "0", "pair": "0", "adversarial": "1"]
    let suite = FixA.suite("structured", options, FixA.setting(classes: 3, features: (3, 3)))
    let terms = (1...60).map { iteration in
      suite.evaluate(
        MethodStep(
          iteration: iteration, positions: 0..<1, batchSize: 1,
          images: Tensor.zeros([1, 3, 4, 4], .float64),
          labels: Tensor.full([1, 4, 4], 255, .int64), student: output(made),
          teacher: output(real))
      ).terms.reduce(into: [:]) { $0[$1.name] = $1.value }
    }
    let own = terms.compactMap { $0["structured.discriminator"] }
    #expect(own.count == 60 && own[0] > 1.5 && own[59] < 0.5 * own[0], "\(own)")
  }
}
