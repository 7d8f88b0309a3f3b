import Torch

/// MobileNetV3-Large of width 1 whose last stage is dilated, to output stride 16.
///
/// Source: Howard et al. 2019, table 1, with torchvision's names (`0.0.weight`, `4.block.1.0.weight`) and
/// BatchNorm constants.
final class MobileNetV3 {
  /// Features, `[N, C, h, w]` each.
  struct Output<Value> {
    /// At output stride 8, 40 channels.
    let low: Value
    /// At output stride 16, 960 channels.
    let last: Value
    /// The last of the stages at strides 8, 16 and 16 dilated.
    let stages: [Value]
  }

  static let channels = (low: 40, last: 960)

  private let stem: ConvolutionBlock
  private let blocks: [InvertedResidual]
  private let end: ConvolutionBlock

  /// Kernel, expanded channels, output channels, channel attention, hard swish in place of ReLU, stride and
  /// dilation of each block.
  private static let settings: [Setting] = [
    (3, 16, 16, false, false, 1, 1),
    (3, 64, 24, false, false, 2, 1), (3, 72, 24, false, false, 1, 1),
    (5, 72, 40, true, false, 2, 1), (5, 120, 40, true, false, 1, 1),
    (5, 120, 40, true, false, 1, 1),
    (3, 240, 80, false, true, 2, 1), (3, 200, 80, false, true, 1, 1),
    (3, 184, 80, false, true, 1, 1), (3, 184, 80, false, true, 1, 1),
    (3, 480, 112, true, true, 1, 1), (3, 672, 112, true, true, 1, 1),
    (5, 672, 160, true, true, 1, 2), (5, 960, 160, true, true, 1, 2),
    (5, 960, 160, true, true, 1, 2),
  ]

  fileprivate typealias Setting = (
    kernel: Int, expanded: Int, outputs: Int, attends: Bool, isHard: Bool, stride: Int,
    dilation: Int
  )

  /// The blocks whose features are read: the first at stride 8, and the last of each stage.
  private static let (low, ends) = (4, [6, 12, 15])

  init(_ scope: Scope) {
    stem = ConvolutionBlock(
      scope("0"), 3, 16, Kernel(3, stride: 2), activation: .hardSwish, start: .backbone,
      norm: .mobileNetV3)
    var inputs = 16
    blocks = Self.settings.enumerated().map { index, setting in
      defer { inputs = setting.outputs }
      return InvertedResidual(
        scope("\(index + 1)")("block"), inputs, setting,
        hasShortcut: setting.stride == 1 && inputs == setting.outputs)
    }
    end = ConvolutionBlock(
      scope("\(blocks.count + 1)"), inputs, Self.channels.last, Kernel(1), activation: .hardSwish,
      start: .backbone, norm: .mobileNetV3)
  }

  /// `[N, 3, H, W]` to features.
  func callAsFunction<Run: Operators>(_ x: Run.Value, _ run: Run) -> Output<Run.Value> {
    var features = stem(x, run)
    var low = features
    var stages: [Run.Value] = []
    for (index, block) in blocks.enumerated() {
      features = block(features, run)
      if index + 1 == Self.low { low = features }
      if Self.ends.contains(index + 1) { stages.append(features) }
    }
    return Output(low: low, last: end(features, run), stages: stages)
  }
}

/// Expand by 1x1, filter each channel, weigh the channels, project by 1x1 without activation.
private final class InvertedResidual {
  private let blocks: [ConvolutionBlock]
  private let attention: ChannelAttention?
  private let project: ConvolutionBlock
  private let hasShortcut: Bool

  init(_ scope: Scope, _ inputs: Int, _ setting: MobileNetV3.Setting, hasShortcut: Bool) {
    let width = setting.expanded
    let activation: Activation = setting.isHard ? .hardSwish : .relu
    var index = 0
    func next() -> Scope {
      defer { index += 1 }
      return scope("\(index)")
    }
    func block(_ inputs: Int, _ outputs: Int, _ kernel: Kernel, _ activation: Activation)
      -> ConvolutionBlock
    {
      ConvolutionBlock(
        next(), inputs, outputs, kernel, activation: activation, start: .backbone,
        norm: .mobileNetV3)
    }
    let expand = inputs == width ? [] : [block(inputs, width, Kernel(1), activation)]
    let filter = block(
      width, width,
      Kernel(
        setting.kernel, stride: setting.stride, dilation: setting.dilation, groups: width),
      activation)
    blocks = expand + [filter]
    attention = setting.attends ? ChannelAttention(next(), width) : nil
    project = block(width, setting.outputs, Kernel(1), .none)
    self.hasShortcut = hasShortcut
  }

  func callAsFunction<Run: Operators>(_ x: Run.Value, _ run: Run) -> Run.Value {
    let filtered = blocks.reduce(x) { $1($0, run) }
    return project(attention?(filtered, run) ?? filtered, run, adding: hasShortcut ? x : nil)
  }
}

/// Squeeze and excitation: each channel times a factor of 0 to 1 that the means of all channels give.
///
/// Source: Hu et al. 2018, with MobileNetV3's hard sigmoid.
private final class ChannelAttention {
  private let squeeze: Convolution
  private let excite: Convolution

  init(_ scope: Scope, _ channels: Int) {
    let width = Self.squeezed(channels)
    squeeze = Convolution(
      scope("fc1"), channels, width, kernel: 1, bias: true, start: .backbone)
    excite = Convolution(scope("fc2"), width, channels, kernel: 1, bias: true, start: .backbone)
  }

  /// A quarter, rounded to a multiple of 8, and not more than a tenth less.
  private static func squeezed(_ channels: Int) -> Int {
    let rounded = max(8, (channels / 4 + 4) / 8 * 8)
    return rounded * 10 < channels / 4 * 9 ? rounded + 8 : rounded
  }

  func callAsFunction<Run: Operators>(_ x: Run.Value, _ run: Run) -> Run.Value {
    let squeezed = run.convolution(run.averagePool(x, bins: 1), squeeze, activation: .relu)
    return run.scaled(x, by: run.convolution(squeezed, excite, activation: .hardSigmoid))
  }
}
