/// PSPNet on dilated backbones.
enum PSPNet {
  static let cards = BackboneAndHeads.Kind.allCases.map { kind in
    kind.card(
      "psp_" + kind.rawValue, "PSPNet", classifier: "classifier",
      defaultWidth: { $0 == 2048 ? 512 : 128 },
      head: { PSPHead($0, $1, width: $2, classes: $3) })
  }
}

/// Pyramid pooling and a classifier (prefix `head.`).
///
/// Source: Zhao et al. 2017 (PSPNet), bins 1, 2, 3, 6.
private final class PSPHead: Head {
  private let pyramid: [(bins: Int, block: ConvolutionBlock)]
  private let end: FullyConvolutionalHead

  init(_ scope: Scope, _ inputs: Int, width: Int, classes: Int) {
    pyramid = [1, 2, 3, 6].enumerated().map { index, bins in
      let block = ConvolutionBlock(
        scope("psp")("conv\(index + 1)"), inputs, inputs / 4, Kernel(1), start: .head)
      return (bins, block)
    }
    end = FullyConvolutionalHead(
      scope, classifier: scope("classifier"), 2 * inputs, width, classes: classes)
  }

  func callAsFunction<Run: Operators>(
    _ x: Run.Value, _ run: Run
  ) -> (feature: Run.Value, logits: Run.Value) {
    let levels = pyramid.map { level in
      run.resized(level.block(run.averagePool(x, bins: level.bins), run), like: x)
    }
    return end(run.concatenated([x] + levels), run)
  }
}
