import Reduction
import Torch

/// One pass through a network: training, with what makes it independent of ranks, or evaluation.
public struct Pass: Sendable {
  /// What a training pass needs beyond its images.
  public struct Training: Sendable {
    /// Adds BatchNorm's sums over the ranks that share the global batch.
    public let reducer: any Reducer
    /// The run's seed.
    public let seed: UInt64
    /// The iteration, from 1.
    public let iteration: Int
    /// The positions of this rank's images in the global batch.
    public let positions: Range<Int>
    /// Whether dropout layers drop.
    public let dropout: Bool
    /// Whether BatchNorm has second derivatives; its running statistics stay as they are then.
    public let isTwiceDifferentiable: Bool

    /// A training pass.
    public init(
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
  public let training: Training?
  /// The type of the activations: float32, bfloat16 or float64.
  public let precision: ElementType

  /// A pass in training mode; its BatchNorm layers are collective.
  public static func training(_ training: Training, precision: ElementType = .float32) -> Pass {
    Pass(training: training, precision: precision)
  }

  /// A pass in evaluation mode.
  public static func evaluation(precision: ElementType = .float32) -> Pass {
    Pass(training: nil, precision: precision)
  }
}
