import Randomness
import Torch

/// Zeroes elements at random and scales the others by 1 / (1 - p). Source: PyTorch `Dropout`.
///
/// Whether an element is dropped is a function of (seed, iteration, layer, position in the global
/// batch, element), so it does not depend on which rank holds the image.
final class Dropout {
  let probability: Double
  private let index: Int

  init(_ scope: Scope, _ probability: Double) {
    self.probability = probability
    index = scope.nextDropout()
  }

  /// The layer of this index among a network's dropout layers.
  init(_ probability: Double, index: Int) {
    self.probability = probability
    self.index = index
  }

  /// `[N, C, H, W]` to the same shape.
  func callAsFunction(_ x: Tensor, _ pass: Pass) -> Tensor {
    guard let training = pass.training, training.dropout else { return x }
    let mask = Tensor.empty(x.shape)
    let perImage = x.count / max(x.size(0), 1)
    let scale = Float(1 / (1 - probability))
    let limit = UInt64(probability * 0x1p64)
    mask.withMutableElements(of: Float.self) { values in
      guard let base = values.baseAddress else { return }
      for (image, position) in training.positions.enumerated() {
        let random = CounterRandom(
          .dropout, seed: training.seed, training.iteration, index, position)
        let target = base + image * perImage
        for element in 0..<perImage {
          target[element] = random.bits(at: element) < limit ? 0 : scale
        }
      }
    }
    let format: MemoryFormat = x.isContiguous(.channelsLast) ? .channelsLast : .contiguous
    return x * mask.to(x.type, device: x.device).contiguous(format)
  }
}
