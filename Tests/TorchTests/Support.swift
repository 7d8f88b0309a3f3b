import Randomness
import Torch

/// Reproducible numbers around 0.
func noise(_ count: Int, _ key: Int = 0) -> [Double] {
  var random = CounterRandom(.test, seed: 3, key)
  return (0..<count).map { _ in random.normal() }
}

/// A float64 tensor of reproducible numbers.
func noise(_ shape: [Int], _ key: Int = 0) -> Tensor {
  Tensor(noise(shape.reduce(1, *), key), shape)
}

/// The elements as doubles.
extension Tensor {
  var doubles: [Double] { detached.array(Double.self) }
}
