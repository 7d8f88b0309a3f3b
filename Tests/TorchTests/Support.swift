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

/// The largest difference, relative to the largest expected value or 1 if that is less.
func difference(_ found: [Double], _ expected: [Double]) -> Double {
  guard found.count == expected.count else { return .infinity }
  let largest = max(expected.map(\.magnitude).max() ?? 0, 1e-30)
  let error = zip(found, expected).map { ($0 - $1).magnitude }.max() ?? 0
  return error.isNaN ? .infinity : error / largest
}

/// The elements as doubles.
extension Tensor {
  var doubles: [Double] { detached.array(Double.self) }
}
