import Foundation
import Networks
import Randomness
import Reduction
import Torch

/// Adam for tensors that are not the student's: adversaries, and networks trained beforehand.
///
/// Source: Kingma and Ba 2015, as PyTorch's `Adam` without weight decay.
package struct Adam {
  let parameters: [Tensor]
  let rate: Double
  let decay: (first: Double, second: Double)
  private let first: [Tensor]
  private let second: [Tensor]
  /// Updates so far, `[1]`.
  private let count: Tensor
  /// Adds the images' gradients, a grid for each tensor.
  private let sum: ExactSum

  /// An optimiser whose state goes into a scope; without one it is kept nowhere.
  package init(_ parameters: [Tensor], rate: Double, decay: (Double, Double), _ scope: Scope? = nil)
  {
    self.parameters = parameters
    self.rate = rate
    self.decay = decay
    func state(_ name: String) -> [Tensor] {
      parameters.enumerated().map { index, tensor in
        scope?.buffer("\(name).\(index)", tensor.shape, 0, tensor.type) ?? tensor.detached.zerosLike
      }
    }
    first = state("first")
    second = state("second")
    count = scope?.buffer("count", [1], 0, .int64) ?? Tensor.zeros([1], .int64)
    sum = ExactSum(groups: parameters.map(\.count))
  }

  /// The gradients of the parameters by the loss of one image, side by side: a row for `update`.
  /// They are taken away from the parameters; of a loss without history they are 0.
  func row(_ loss: Tensor) -> [Double] { Self.row(loss, of: parameters) }

  /// The same of other leaves.
  static func row(_ loss: Tensor, of leaves: [Tensor]) -> [Double] {
    if loss.requiresGradient { Autograd.backward([(loss.reshaped([]), nil)]) }
    return leaves.flatMap { taken($0) }
  }

  /// A leaf's gradient, which goes back to none.
  static func taken(_ leaf: Tensor) -> [Double] {
    defer { leaf.gradient = nil }
    return leaf.gradient?.array(Double.self) ?? [Double](repeating: 0, count: leaf.count)
  }

  /// Moves the parameters along the exact sum of all images' gradients, the same bits however ranks
  /// share the images. Collective.
  ///
  /// - Parameters:
  ///   - rows: this rank's, one row an image, one after the other.
  ///   - reducer: the ranks.
  package func update(_ rows: [Double], _ reducer: any Reducer) { apply(sum(rows, reducer)) }

  /// Moves the parameters along gradients that all ranks hold; one that is not finite moves none.
  func apply(_ gradients: [Double]) {
    guard gradients.allSatisfy({ $0.isFinite }) else { return }
    Autograd.withoutHistory { move(gradients) }
  }

  private func move(_ values: [Double]) {
    count.copy(from: count + 1)
    let steps = count.item
    let corrections = (1 - pow(decay.first, steps), 1 - pow(decay.second, steps))
    var start = 0
    for (index, tensor) in parameters.enumerated() {
      let gradient = Tensor(Array(values[start..<start + tensor.count]), tensor.shape)
        .to(tensor.type, device: tensor.device)
      start += tensor.count
      first[index].scale(by: decay.first)
      first[index].add(gradient * (1 - decay.first))
      second[index].scale(by: decay.second)
      second[index].add(gradient * gradient * (1 - decay.second))
      let spread = (second[index] / corrections.1).squareRoot + 1e-8
      tensor.add(first[index] / spread * (-rate / corrections.0))
    }
  }
}

extension Scope {
  /// A tensor that is trained by a loss of its own, not with the student: float64, uniform within a
  /// bound.
  func adversary(
    _ name: String, _ shape: [Int], bound: Double, seed: UInt64, _ stream: MethodStream
  ) -> Tensor {
    let tensor = buffer(name, shape, 0, .float64)
    var random = CounterRandom(method: stream, seed: seed)
    let values = (0..<tensor.count).map { _ in bound * (2 * random.uniform() - 1) }
    tensor.copy(from: Tensor(values, shape))
    tensor.requiresGradient = true
    return tensor
  }
}
