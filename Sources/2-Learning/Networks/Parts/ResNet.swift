import Torch

/// The dilated ResNet with the deep stem ("v1s"), at output stride 8.
///
/// Source: He et al. 2016 with the three 3x3 convolutions of Inception-v4's stem, as published with
/// RDD (prefix `pretrained.`).
final class ResNet: Backbone {
  /// The published depths.
  enum Depth: Int {
    case r18 = 18
    case r50 = 50
    case r101 = 101

    var blocks: [Int] {
      switch self {
      case .r18: [2, 2, 2, 2]
      case .r50: [3, 4, 6, 3]
      case .r101: [3, 4, 23, 3]
      }
    }
  }

  private let stem: [ConvolutionBlock]
  private let stages: [[ResidualBlock]]
  let channels: (auxiliary: Int?, last: Int)

  init(_ scope: Scope, _ depth: Depth) {
    let bottleneck = depth != .r18
    stem = [
      ConvolutionBlock(
        scope, names: ("conv1", "bn1"), 3, 64, Kernel(3, stride: 2), start: .backbone),
      ConvolutionBlock(scope, names: ("conv2", "bn2"), 64, 64, Kernel(3), start: .backbone),
      ConvolutionBlock(scope, names: ("conv3", "bn3"), 64, 128, Kernel(3), start: .backbone),
    ]
    var inputs = 128
    var stages: [[ResidualBlock]] = []
    for (stage, count) in depth.blocks.enumerated() {
      let (width, stride, dilation) = (
        [64, 128, 256, 512][stage], [1, 2, 1, 1][stage], [1, 1, 2, 4][stage]
      )
      let outputs = bottleneck ? 4 * width : width
      var blocks: [ResidualBlock] = []
      for index in 0..<count {
        // A stage's first block steps from the stage before it, at half the dilation.
        let first = index == 0 ? (dilation < 4 ? 1 : 2) : dilation
        blocks.append(
          ResidualBlock(
            scope("layer\(stage + 1)")("\(index)"), inputs, width, outputs,
            stride: index == 0 ? stride : 1, dilations: (first, dilation), bottleneck: bottleneck))
        inputs = outputs
      }
      stages.append(blocks)
    }
    self.stages = stages
    channels = (bottleneck ? 1024 : 256, bottleneck ? 2048 : 512)
  }

  func callAsFunction<Run: Operators>(_ x: Run.Value, _ run: Run) -> BackboneOutput<Run.Value> {
    let early = stem.reduce(x) { $1($0, run) }
    var features = run.maxPool(early, kernel: 3, stride: 2, padding: 1)
    let outputs = stages.map { blocks in
      features = blocks.reduce(features) { $1($0, run) }
      return features
    }
    return BackboneOutput(auxiliary: outputs[2], stages: Array(outputs[1...]))
  }
}

/// Two 3x3 convolutions, or 1x1, 3x3, 1x1, around which the input is added.
private final class ResidualBlock {
  private let inner: [ConvolutionBlock]
  private let last: ConvolutionBlock
  private let downsample: ConvolutionBlock?

  init(
    _ scope: Scope, _ inputs: Int, _ width: Int, _ outputs: Int, stride: Int,
    dilations: (first: Int, rest: Int), bottleneck: Bool
  ) {
    if bottleneck {
      inner = [
        ConvolutionBlock(
          scope, names: ("conv1", "bn1"), inputs, width, Kernel(1), start: .backbone),
        ConvolutionBlock(
          scope, names: ("conv2", "bn2"), width, width,
          Kernel(3, stride: stride, dilation: dilations.first), start: .backbone),
      ]
      last = ConvolutionBlock(
        scope, names: ("conv3", "bn3"), width, outputs, Kernel(1), start: .backbone,
        scale: scope.start.branchScale)
    } else {
      inner = [
        ConvolutionBlock(
          scope, names: ("conv1", "bn1"), inputs, width,
          Kernel(3, stride: stride, dilation: dilations.first), start: .backbone)
      ]
      last = ConvolutionBlock(
        scope, names: ("conv2", "bn2"), width, outputs, Kernel(3, dilation: dilations.rest),
        start: .backbone, scale: scope.start.branchScale)
    }
    let reshapes = stride != 1 || inputs != outputs
    downsample =
      reshapes
      ? ConvolutionBlock(
        scope("downsample"), inputs, outputs, Kernel(1, stride: stride), activation: .none,
        start: .backbone) : nil
  }

  func callAsFunction<Run: Operators>(_ x: Run.Value, _ run: Run) -> Run.Value {
    let identity = downsample?(x, run) ?? x
    return last(inner.reduce(x) { $1($0, run) }, run, adding: identity)
  }
}
