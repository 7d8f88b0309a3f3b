/// DeepLabV3 on dilated backbones.
enum DeepLabV3 {
  static let cards = BackboneAndHeads.Kind.allCases.map { kind in
    kind.card(
      // Named as the published files.
      (kind == .mobileNetV2 ? "deeplab_" : "deeplabv3_") + kind.rawValue, "DeepLabV3",
      classifier: "block.4", defaultWidth: { $0 == 2048 ? 256 : 128 },
      head: { DeepLabV3Head($0, $1, width: $2, classes: $3) })
  }
}

/// Atrous spatial pyramid pooling and a classifier (prefix `head.`).
///
/// Source: Chen et al. 2017 (DeepLabV3), dilations 12, 24, 36.
private final class DeepLabV3Head: Head {
  private let branches: [ConvolutionBlock]
  private let pooled: ConvolutionBlock
  private let project: ConvolutionBlock
  private let dropout: Dropout
  private let end: FullyConvolutionalHead

  init(_ scope: Scope, _ inputs: Int, width: Int, classes: Int) {
    let aspp = scope("aspp")
    let point = ConvolutionBlock(aspp("b0"), inputs, width, Kernel(1), start: .head)
    let dilated = [12, 24, 36].enumerated().map { index, dilation in
      ConvolutionBlock(
        aspp("b\(index + 1)")("block"), inputs, width, Kernel(3, dilation: dilation), start: .head)
    }
    branches = [point] + dilated
    pooled = ConvolutionBlock(
      aspp("b4")("gap"), names: ("1", "2"), inputs, width, Kernel(1), start: .head)
    project = ConvolutionBlock(aspp("project"), 5 * width, width, Kernel(1), start: .head)
    dropout = Dropout(scope, 0.5)
    end = FullyConvolutionalHead(
      scope, classifier: scope("block")("4"), width, width, classes: classes)
  }

  func callAsFunction<Run: Operators>(
    _ x: Run.Value, _ run: Run
  ) -> (feature: Run.Value, logits: Run.Value) {
    let whole = run.spread(pooled(run.averagePool(x, bins: 1), run), like: x)
    let pyramid = run.concatenated(branches.map { $0(x, run) } + [whole])
    return end(run.dropout(project(pyramid, run), dropout), run)
  }
}
