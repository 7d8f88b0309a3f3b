import Torch

/// MobileNetV2 of width 1, dilated to output stride 8, without its last 1280-wide convolution.
///
/// Source: Sandler et al. 2018, as published with RDD (prefix `pretrained.net.features.`).
final class MobileNetV2: Backbone {
  private let stem: ConvolutionBlock
  private let blocks: [InvertedResidual]
  let channels: (auxiliary: Int?, last: Int) = (nil, 320)

  /// Expansion, output channels, repetitions, nominal stride.
  private static let settings = [
    (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2),
    (6, 320, 1, 1),
  ]

  /// The blocks that end a stage: where the channels grow at output stride 8, strides or not.
  private static let ends = [6, 13, 17]

  init(_ scope: Scope) {
    let features = scope("net")("features")
    stem = ConvolutionBlock(
      features("0"), 3, 32, Kernel(3, stride: 2), activation: .relu6, start: .backbone)
    var inputs = 32
    var blocks: [InvertedResidual] = []
    for (expansion, outputs, repetitions, stride) in Self.settings {
      for repetition in 0..<repetitions {
        let index = blocks.count + 1
        let nominal = repetition == 0 ? stride : 1
        // The strides of blocks 7 and 14 become dilations of what follows them.
        let dilated = index == 7 || index == 14
        let dilation = index <= 7 ? 1 : index <= 14 ? 2 : 4
        blocks.append(
          InvertedResidual(
            features("\(index)")("conv"), inputs, outputs, expansion: expansion,
            stride: dilated ? 1 : nominal, dilation: dilation,
            residual: nominal == 1 && inputs == outputs))
        inputs = outputs
      }
    }
    self.blocks = blocks
  }

  func callAsFunction<Run: Operators>(_ x: Run.Value, _ run: Run) -> BackboneOutput<Run.Value> {
    var features = stem(x, run)
    var stages: [Run.Value] = []
    for (index, block) in blocks.enumerated() {
      features = block(features, run)
      if Self.ends.contains(index + 1) { stages.append(features) }
    }
    return BackboneOutput(auxiliary: nil, stages: stages)
  }
}

/// Expand by 1x1, filter each channel by 3x3, project by 1x1 without activation.
private final class InvertedResidual {
  private let blocks: [ConvolutionBlock]
  private let project: ConvolutionBlock
  private let residual: Bool

  init(
    _ scope: Scope, _ inputs: Int, _ outputs: Int, expansion: Int, stride: Int, dilation: Int,
    residual: Bool
  ) {
    let width = inputs * expansion
    var index = 0
    func block(
      _ inputs: Int, _ outputs: Int, _ kernel: Kernel, _ activation: Activation
    ) -> ConvolutionBlock {
      defer { index += 3 }
      return ConvolutionBlock(
        scope, names: ("\(index)", "\(index + 1)"), inputs, outputs, kernel,
        activation: activation, start: .backbone)
    }
    let expand = expansion == 1 ? [] : [block(inputs, width, Kernel(1), .relu6)]
    let kernel = Kernel(3, stride: stride, dilation: dilation, groups: width)
    blocks = expand + [block(width, width, kernel, .relu6)]
    project = block(width, outputs, Kernel(1), .none)
    self.residual = residual
  }

  func callAsFunction<Run: Operators>(_ x: Run.Value, _ run: Run) -> Run.Value {
    project(blocks.reduce(x) { $1($0, run) }, run, adding: residual ? x : nil)
  }
}
