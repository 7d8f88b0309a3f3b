import DataParallel
import Methods
import Networks
import Reduction
import TestSupport
import Testing
import Torch

/// `kdiga` between two linear classifiers of pixels: norms, and the gradient of the student's weights.
@Suite struct InputGradientsTests {
  private struct Outcome: Sendable {
    var value: Double
    var cosine: Double
    var gradient: [Double]
  }

  private func run(_ norm: String, ranks: Int) -> Outcome {
    let parts = SimulatedRanks.run(ranks) { reducer -> Outcome in
      let range = Shard.range(of: 2, rank: reducer.rank, worldSize: ranks)
      let own = Tensor([1.0, 0, 0, 1, -1, -1], [3, 2, 1, 1])
      own.requiresGradient = true
      let other = Tensor([2.0, 0, 0, 1, -1, 0], [3, 2, 1, 1])
      func logits(_ images: Tensor, _ weight: Tensor) -> Tensor {
        Functional.convolution(images, weight: weight, bias: nil)
      }
      func output(_ images: Tensor, _ weight: Tensor) -> SegmentationOutput {
        SegmentationOutput(logits: logits(images, weight), auxiliaryLogits: nil, feature: nil)
      }
      let images = Tensor([1.0, 0, 0.5, 1, 0, 1, -1, 0.5], [2, 1, 2, 2])
        .permuted([0, 3, 1, 2]).narrowed(0, range).clone()
      let suite = FixA.suite(
        "kdiga", ["weight": "1", "norm": norm, "scale": "none"],
        FixA.setting(classes: 3, features: (3, 3)))
      let outcome = suite.evaluate(
        MethodStep(
          iteration: 1, positions: range, batchSize: 2, images: images,
          labels: Tensor(FixA.labels, [2, 1, 2]).narrowed(0, range),
          student: output(images, own.detached), teacher: output(images, other), reducer: reducer,
          passes: .init(
            student: { output($0, own) }, evaluated: { output($0, own) },
            teacher: { output($0, other) }, studentGraph: { images, _ in logits(images, own) },
            teacherGraph: { logits($0, other) })))
      Autograd.backward([(outcome.root, nil)])
      var gradient = own.gradient?.array(Double.self) ?? []
      reducer.sum(&gradient)
      return Outcome(
        value: outcome.loss,
        cosine: outcome.terms.first { $0.name.hasSuffix("cosine") }?.value ?? .nan,
        gradient: gradient)
    }
    return parts[0]
  }

  /// The published values are without the division by the two images.
  @Test(arguments: [1, 2])
  func values(_ ranks: Int) {
    let batch = run("batch", ranks: ranks)
    #expect(isClose(2 * batch.value, 0.3735216860), "\(batch)")
    // Of the same gradients, by hand.
    #expect(isClose(batch.cosine, 0.8427886562), "\(batch)")
    let gradient = batch.gradient.map { 2 * $0 }
    let norm = gradient.reduce(0) { $0 + $1 * $1 }.squareRoot()
    #expect(isClose(norm, 0.4436710266), "\(norm)")
    #expect(isClose(Array(gradient.prefix(2)), [-0.0772524061, -0.0080847924]))
    let sample = run("sample", ranks: ranks)
    #expect(isClose(4 * sample.value, 0.1680612969 + 0.3335773530), "\(sample)")
  }
}
