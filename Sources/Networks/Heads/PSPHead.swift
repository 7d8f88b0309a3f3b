import Torch

/// Pyramid pooling and a classifier (prefix `head.`).
///
/// Source: Zhao et al. 2017 (PSPNet), bins 1, 2, 3, 6.
final class PSPHead: Head {
  private let pyramid: [(bins: Int, block: ConvolutionBlock)]
  private let end: FullyConvolutionalHead

  /// The published width for a backbone's channels.
  static func defaultWidth(_ inputs: Int) -> Int { inputs == 2048 ? 512 : 128 }

  init(_ scope: Scope, _ inputs: Int, width: Int, classes: Int) {
    pyramid = [1, 2, 3, 6].enumerated().map { index, bins in
      let block = ConvolutionBlock(
        scope("psp")("conv\(index + 1)"), inputs, inputs / 4, kernel: 1, start: .head)
      return (bins, block)
    }
    end = FullyConvolutionalHead(
      scope, classifier: scope("classifier"), 2 * inputs, width, classes: classes)
  }

  func callAsFunction(_ x: Tensor, _ pass: Pass) -> (feature: Tensor, logits: Tensor) {
    let levels = pyramid.map { level in
      let pooled = Functional.adaptiveAveragePool(x, height: level.bins, width: level.bins)
      return Functional.upsample(
        level.block(pooled, pass), height: x.size(2), width: x.size(3))
    }
    return end(Tensor.concatenated([x] + levels, 1), pass)
  }

  func compile(
    _ x: FrozenValue, _ program: FrozenProgram
  ) -> (feature: FrozenValue, logits: FrozenValue) {
    let levels = pyramid.map { level in
      let pooled = program.averagePool(x, bins: level.bins)
      return program.resize(level.block.compile(pooled, program), like: x)
    }
    return end.compile(program.concatenate([x] + levels), program)
  }
}
