import Torch

/// Atrous spatial pyramid pooling and a classifier (prefix `head.`).
///
/// Source: Chen et al. 2017 (DeepLabV3), dilations 12, 24, 36.
final class DeepLabV3Head: Head {
  private let branches: [ConvolutionBlock]
  private let pooled: ConvolutionBlock
  private let project: ConvolutionBlock
  private let dropout: Dropout
  private let end: FullyConvolutionalHead

  /// The published width for a backbone's channels.
  static func defaultWidth(_ inputs: Int) -> Int { inputs == 2048 ? 256 : 128 }

  init(_ scope: Scope, _ inputs: Int, width: Int, classes: Int) {
    let aspp = scope("aspp")
    let point = ConvolutionBlock(aspp("b0"), inputs, width, kernel: 1, start: .head)
    let dilated = [12, 24, 36].enumerated().map { index, dilation in
      ConvolutionBlock(
        aspp("b\(index + 1)")("block"), inputs, width, kernel: 3, dilation: dilation, start: .head)
    }
    branches = [point] + dilated
    pooled = ConvolutionBlock(
      aspp("b4")("gap"), names: ("1", "2"), inputs, width, kernel: 1, start: .head)
    project = ConvolutionBlock(aspp("project"), 5 * width, width, kernel: 1, start: .head)
    dropout = Dropout(scope, 0.5)
    end = FullyConvolutionalHead(
      scope, classifier: scope("block")("4"), width, width, classes: classes)
  }

  func callAsFunction(_ x: Tensor, _ pass: Pass) -> (feature: Tensor, logits: Tensor) {
    let (height, width) = (x.size(2), x.size(3))
    // The aligned upsampling of one value is that value everywhere.
    let whole = pooled(Functional.adaptiveAveragePool(x, height: 1, width: 1), pass)
    let spread = whole.expanded([whole.size(0), whole.size(1), height, width])
    let pyramid = Tensor.concatenated(branches.map { $0(x, pass) } + [spread], 1)
    return end(dropout(project(pyramid, pass), pass), pass)
  }

  func compile(
    _ x: FrozenValue, _ program: FrozenProgram
  ) -> (feature: FrozenValue, logits: FrozenValue) {
    let whole = pooled.compile(program.averagePool(x, bins: 1), program)
    let pyramid = program.concatenate(
      branches.map { $0.compile(x, program) } + [program.resize(whole, like: x)])
    return end.compile(project.compile(pyramid, program), program)
  }
}
