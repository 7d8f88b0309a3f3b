import Torch

/// A network whose weights do not change any more, compiled for host memory.
///
/// BatchNorm is folded into the convolutions. Its logits are those of the network in evaluation
/// mode, to rounding.
public final class FrozenNetwork: @unchecked Sendable {
  private let program: FrozenProgram
  private let hasFeature: Bool
  private let stageCount: Int

  /// Compiles the network as it is now.
  ///
  /// - Parameters:
  ///   - network: float32, in host memory.
  ///   - precision: float32 or bfloat16.
  ///   - withFeature: whether its output has what the main classifier reads.
  ///   - withStages: whether its output has what the backbone's stages give.
  public init(
    _ network: SegmentationNetwork, precision: ElementType, withFeature: Bool = false,
    withStages: Bool = false
  ) {
    program = FrozenProgram(precision)
    hasFeature = withFeature
    stageCount = withStages ? 3 : 0
    Autograd.withoutHistory {
      network.compile(into: program, withFeature: withFeature, withStages: withStages)
    }
  }

  /// Logits of images, float32.
  ///
  /// - Parameter images: `[N, 3, H, W]`, BGR with the mean subtracted, float32.
  /// - Returns: logits at H/8 x W/8, rounded up, feature and stages if they were asked for.
  public func callAsFunction(_ images: Tensor) -> SegmentationOutput {
    let outputs = Autograd.withoutHistory { program.run(images).map { $0.to(.float32) } }
    let heads = outputs.count - stageCount - (hasFeature ? 1 : 0)
    return SegmentationOutput(
      logits: outputs[0], auxiliaryLogits: heads > 1 ? outputs[1] : nil,
      feature: hasFeature ? outputs[heads] : nil, stages: outputs.suffix(stageCount))
  }
}

typealias FrozenValue = FrozenProgram.Value

extension Convolution {
  /// The convolution with its own bias, not followed by a norm.
  func compile(_ x: FrozenValue, _ program: FrozenProgram) -> FrozenValue {
    program.convolution(
      x, weight: weight.detached, bias: bias?.detached, stride: stride, padding: padding,
      dilation: dilation, groups: groups, activation: .none)
  }
}

extension BatchNorm {
  /// What a convolution's weights and bias become when this norm follows it, in double.
  func folded(_ convolution: Convolution) -> (weight: Tensor, bias: Tensor) {
    let type = convolution.weight.type
    let deviation = (runningVariance.to(.float64) + Self.epsilon).squareRoot
    let scale = weight.detached.to(.float64) / deviation
    let weights = convolution.weight.detached.to(.float64) * scale.reshaped([-1, 1, 1, 1])
    let shift = bias.detached.to(.float64) - runningMean.to(.float64) * scale
    return (weights.to(type), shift.to(type))
  }
}
