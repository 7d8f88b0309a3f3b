import Reduction
import Torch

/// One pass through a network: training, with what makes it independent of ranks, or evaluation.
package struct Pass: Sendable {
  /// What a training pass needs beyond its images.
  package struct Training: Sendable {
    /// Adds BatchNorm's sums over the ranks that share the global batch.
    package let reducer: any Reducer
    /// The run's seed.
    package let seed: UInt64
    /// The iteration, from 1.
    package let iteration: Int
    /// The positions of this rank's images in the global batch.
    package let positions: Range<Int>
    /// Whether dropout layers drop.
    package let dropout: Bool
    /// Whether BatchNorm has second derivatives; its running statistics stay as they are then.
    package let isTwiceDifferentiable: Bool

    /// A training pass.
    package init(
      reducer: any Reducer, seed: UInt64, iteration: Int, positions: Range<Int>, dropout: Bool,
      isTwiceDifferentiable: Bool = false
    ) {
      self.reducer = reducer
      self.seed = seed
      self.iteration = iteration
      self.positions = positions
      self.dropout = dropout
      self.isTwiceDifferentiable = isTwiceDifferentiable
    }
  }

  /// nil in evaluation: running statistics, no dropout.
  package let training: Training?
  /// The type of the activations: float32, bfloat16 or float64.
  package let precision: ElementType

  /// A pass in training mode; its BatchNorm layers are collective.
  package static func training(_ training: Training, precision: ElementType = .float32) -> Pass {
    Pass(training: training, precision: precision)
  }

  /// A pass in evaluation mode.
  package static func evaluation(precision: ElementType = .float32) -> Pass {
    Pass(training: nil, precision: precision)
  }
}
