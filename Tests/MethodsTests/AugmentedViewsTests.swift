import Methods
import Networks
import TestSupport
import Testing
import Torch

/// `da`: boxes by hand, and the two divergences of the fixture and of a view with known logits.
@Suite struct AugmentedViewsTests {
  @Test func boxes() {
    let first = MixedView.Box(height: 8, width: 8, share: 0.75, x: 1, y: 6)
    #expect(first.x == 0..<3 && first.y == 4..<8 && first.share == 0.8125)
    let second = MixedView.Box(height: 8, width: 16, share: 0.5, x: 8, y: 4)
    #expect(second.x == 3..<13 && second.y == 2..<6 && second.share == 0.6875)
  }

  @Test func values() {
    func logits(_ values: [Double]) -> Tensor {
      Tensor(values, [2, 1, 2, 3]).permuted([0, 3, 1, 2]).clone()
    }
    func output(_ values: [Double]) -> SegmentationOutput {
      SegmentationOutput(logits: logits(values), auxiliaryLogits: nil, feature: nil)
    }
    let suite = FixA.suite("da", [:], FixA.setting(classes: 3, features: (3, 3)))
    let mixed = output([1, 0, 0, 0, 2, 0, 1, 1, 0, 0, 0, 1])
    let outcome = suite.evaluate(
      MethodStep(
        iteration: 1, positions: 0..<2, batchSize: 2,
        images: Tensor.zeros([2, 3, 1, 2], .float64), labels: Tensor(FixA.labels, [2, 1, 2]),
        student: output(FixA.student), teacher: output(FixA.teacher),
        passes: .init(
          student: { _ in mixed }, evaluated: { _ in mixed },
          teacher: { _ in output([2, 0, 1, 0, 1, 1, 2, 0, 0, 0, 1, 2]) })))
    let terms = Dictionary(uniqueKeysWithValues: outcome.terms)
    #expect(isClose(terms["da.batch"], 0.1977286148), "\(terms)")
    #expect(isClose(terms["da.mixed"], 0.2270984913))
    // With a tenth of the labels' cross entropy.
    #expect(isClose(outcome.loss + 0.1 * 0.5174148064, 0.4340858761))
  }
}
