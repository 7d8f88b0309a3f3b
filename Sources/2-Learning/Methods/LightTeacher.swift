import Foundation
import Randomness
import Torch

/// A small network that is trained for 120 steps at the start of a run, on synthetic data: one Gaussian
/// of 16 dimensions for each class.
///
/// The distance between the classes' centres is such that the network is right for some nineteen of
/// twenty samples: nearer and it knows nothing, farther and it is always sure.
struct LightTeacher {
  private static let dimensions = 16
  private static let hidden = 32
  private static let samples = 16
  private static let steps = 120

  private let classCount: Int
  private let centres: [[Double]]
  private let weights: [Tensor]
  private let seed: UInt64

  /// Draws the classes and trains the network; a function of the seed alone.
  init(classCount: Int, seed: UInt64) {
    self.classCount = classCount
    self.seed = seed
    var random = CounterRandom(method: .lightTeacher, seed: seed)
    // Half the distance of two centres, at which an error per pair times the pairs stays near 5 %.
    let half = 1.8 + 0.45 * log(Double(max(classCount - 1, 1)))
    centres = (0..<classCount).map { _ in
      let direction = (0..<Self.dimensions).map { _ in random.normal() }
      let norm = direction.reduce(0) { $0 + $1 * $1 }.squareRoot()
      return direction.map { $0 / norm * half * 2.0.squareRoot() }
    }
    func uniform(_ shape: [Int], _ inputs: Int) -> Tensor {
      let bound = 1 / Double(inputs).squareRoot()
      let values = (0..<shape.reduce(1, *)).map { _ in bound * (2 * random.uniform() - 1) }
      let tensor = Tensor(values, shape)
      tensor.requiresGradient = true
      return tensor
    }
    weights = [
      uniform([Self.dimensions, Self.hidden], Self.dimensions),
      uniform([Self.hidden], Self.dimensions),
      uniform([Self.hidden, classCount], Self.hidden), uniform([classCount], Self.hidden),
    ]
    let optimiser = Adam(weights, rate: 0.02, decay: (0.9, 0.999))
    let inputs = samples(Self.samples, .lightTeacherSamples)
    let labels = Tensor(
      (0..<classCount).flatMap { [Int64](repeating: Int64($0), count: Self.samples) },
      [classCount * Self.samples, 1])
    for _ in 0..<Self.steps {
      let chosen = logits(inputs).fixedLogSoftmax(1).gathered(1, labels)
      optimiser.apply(optimiser.row(chosen.fixedMean(0) * -1))
    }
  }

  /// Samples of all classes, one class after the other, `[C * count, 16]`.
  private func samples(_ count: Int, _ stream: MethodStream) -> Tensor {
    var random = CounterRandom(method: stream, seed: seed)
    let values = centres.flatMap { centre in
      (0..<count).flatMap { _ in centre.map { $0 + random.normal() } }
    }
    return Tensor(values, [classCount * count, Self.dimensions])
  }

  private func logits(_ x: Tensor) -> Tensor {
    Losses.linear(Losses.linear(x, weights[0], weights[1]).relu, weights[2], weights[3])
  }

  /// The logits of new samples, `[C, count, C]` float64.
  func bank(_ count: Int) -> Tensor {
    Autograd.withoutHistory { logits(samples(count, .lightTeacherBank)) }
      .reshaped([classCount, count, classCount])
  }
}
