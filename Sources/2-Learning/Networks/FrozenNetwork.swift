import Torch

/// A network whose weights do not change any more, compiled for host memory.
///
/// BatchNorm is folded into the convolutions. Its logits are those of the network in evaluation
/// mode, to rounding.
package final class FrozenNetwork: @unchecked Sendable {
  private let program: FrozenProgram
  private let input: InputNormalisation
  private let hasFeature: Bool
  private let stageCount: Int

  /// Compiles the network as it is now.
  ///
  /// - Parameters:
  ///   - network: float32, in host memory.
  ///   - precision: float32 or bfloat16.
  ///   - withFeature: whether its output has the features before the main classifier.
  ///   - withStages: whether its output has the features of the backbone's stages.
  package init(
    _ network: SegmentationNetwork, precision: ElementType, withFeature: Bool = false,
    withStages: Bool = false
  ) {
    let program = FrozenProgram(precision)
    self.program = program
    input = network.input
    hasFeature = withFeature
    stageCount = Autograd.withoutHistory {
      let found = network(program.input(channels: 3), ProgramOperators(program: program))
      program.output(found.logits)
      if let auxiliary = found.auxiliaryLogits { program.output(auxiliary) }
      if withFeature { program.output(found.feature) }
      guard withStages else { return 0 }
      found.stages.forEach(program.output)
      return found.stages.count
    }
  }

  /// Logits of images, float32.
  ///
  /// - Parameter images: `[N, 3, H, W]`, BGR with the mean subtracted, float32.
  /// - Returns: logits at H/8 x W/8, rounded up, feature and stages if they were asked for.
  package func callAsFunction(_ images: Tensor) -> SegmentationOutput {
    let outputs = Autograd.withoutHistory { program.run(input(images)).map { $0.to(.float32) } }
    let heads = outputs.count - stageCount - (hasFeature ? 1 : 0)
    return SegmentationOutput(
      logits: outputs[0], auxiliaryLogits: heads > 1 ? outputs[1] : nil,
      feature: hasFeature ? outputs[heads] : nil, stages: outputs.suffix(stageCount))
  }
}
