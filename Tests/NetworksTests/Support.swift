import Foundation
import Networks
import Parity
import Reduction
import Torch

/// A network whose values the weight formula gives.
func network(
  _ architecture: Architecture, classes: Int = 5, width: Int? = nil, _ type: ElementType = .float64
) -> SegmentationNetwork {
  let network = SegmentationNetwork(
    architecture, classCount: classes, headWidth: width,
    start: Initialisation(seed: nil, type: type))
  WeightFormula(tag: "test").fill(network)
  return network
}

/// Photos of a pattern, `[count, 3, 32, 40]`, of which a rank holds some.
func photos(_ range: Range<Int>, _ type: ElementType = .float64) -> Tensor {
  let all = WeightFormula(tag: "photos").values("running_mean", shape: [4 * 3 * 32 * 40])
  let size = 3 * 32 * 40
  let part = Array(all[range.lowerBound * size..<range.upperBound * size]).map { 500 * $0 }
  return Tensor(part, [range.count, 3, 32, 40]).to(type)
}

/// A training pass of some images.
func training(
  _ range: Range<Int>, _ reducer: any Reducer, seed: UInt64 = 1, iteration: Int = 1,
  dropout: Bool = false, isTwiceDifferentiable: Bool = false, _ type: ElementType = .float64
) -> Pass {
  .training(
    Pass.Training(
      reducer: reducer, seed: seed, iteration: iteration, positions: range, dropout: dropout,
      isTwiceDifferentiable: isTwiceDifferentiable),
    precision: type)
}

extension Tensor {
  /// The elements as doubles.
  var doubles: [Double] { detached.array(Double.self) }
}
