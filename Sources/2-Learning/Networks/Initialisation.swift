import Foundation
import Randomness
import Torch

/// How a network's values start, and of which type they are.
package struct Initialisation: Sendable {
  /// The run's seed; nil leaves convolutions at zero, for weights that a file will bring.
  package let seed: UInt64?
  /// The type of parameters and buffers: float32, or float64 for tests.
  package let type: ElementType
  /// The device of parameters and buffers.
  package let device: Device

  /// The first value of the weights of the last BatchNorm of each residual branch.
  package let branchScale: Double

  /// Whether tensors have a shape and no values: what no one writes takes no memory.
  let isOutline: Bool

  /// A start without values, for counting.
  static let outline = Initialisation(isOutline: true)

  private init(isOutline: Bool) {
    seed = nil
    type = .float32
    device = .cpu
    branchScale = 1
    self.isOutline = isOutline
  }

  /// A start by seed, or, with nil, of zeros that a file will overwrite.
  ///
  /// - Parameters:
  ///   - seed: of all values; nil for zeros.
  ///   - type: of all tensors.
  ///   - device: where they lie.
  ///   - branchScale: 1 to train. In evaluation nothing has been learnt yet that keeps sums of a
  ///     hundred layers small: a network that stays random needs less.
  package init(
    seed: UInt64?, type: ElementType = .float32, device: Device = .cpu, branchScale: Double = 1
  ) {
    self.branchScale = branchScale
    isOutline = false
    self.seed = seed
    self.type = type
    self.device = device
  }

  /// A new tensor; its values depend on the seed and on its index in the network alone.
  func tensor(_ shape: [Int], _ distribution: Distribution, index: Int) -> Tensor {
    if case .constant(let value) = distribution {
      return Tensor.full(shape, value, type, device: device)
    }
    if isOutline { return Tensor.empty(shape, type, device: device) }
    guard let seed else { return Tensor.zeros(shape, type, device: device) }
    var random = CounterRandom(.weights, seed: seed, index)
    let values = (0..<shape.reduce(1, *)).map { _ in Float(distribution.draw(&random)) }
    return Tensor(values, shape).to(type, device: device)
  }
}

/// What a parameter's values are drawn from.
package enum Distribution {
  /// Equal values.
  case constant(Double)
  /// Normal with mean 0. The published backbones: deviation sqrt(2 / (outputs * kh * kw)).
  case normal(deviation: Double)
  /// Uniform in [-bound, bound]. PyTorch's default for convolutions: 1 / sqrt(fan in).
  case uniform(bound: Double)

  func draw(_ random: inout CounterRandom) -> Double {
    switch self {
    case .constant(let value): value
    case .normal(let deviation): deviation * random.normal()
    case .uniform(let bound): bound * (2 * random.uniform() - 1)
    }
  }
}
