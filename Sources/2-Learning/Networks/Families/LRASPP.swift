import Torch

/// Lite reduced atrous spatial pyramid pooling on MobileNetV3-Large, with torchvision's names.
///
/// Source: Howard et al. 2019 (MobileNetV3, section 6.4); torchvision's `lraspp_mobilenet_v3_large`.
enum LRASPP {
  static let cards = [
    NetworkCard(
      name: "lraspp_mobilenetv3", title: "LR-ASPP on MobileNetV3-Large", hasAuxiliaryHead: false,
      input: .torchvision, backbonePrefix: "backbone.", widthTensor: "classifier.cbr.0.weight",
      classifierBias: "classifier.high_classifier.bias"
    ) { scope, classes, width in
      LRASPPBody(scope, width: width ?? 128, classes: classes)
    }
  ]
}

/// MobileNetV3-Large (`backbone.`) and a head of two scales (`classifier.`).
private struct LRASPPBody: NetworkBody {
  let width: Int
  private let backbone: MobileNetV3
  private let project: ConvolutionBlock
  private let gate: Convolution
  private let low: Convolution
  private let high: Convolution

  init(_ scope: Scope, width: Int, classes: Int) {
    self.width = width
    backbone = MobileNetV3(scope("backbone"))
    let head = scope("classifier")
    project = ConvolutionBlock(
      head("cbr"), MobileNetV3.channels.last, width, Kernel(1), start: .head)
    gate = Convolution(
      head("scale")("1"), MobileNetV3.channels.last, width, kernel: 1, start: .head)
    low = Convolution(
      head("low_classifier"), MobileNetV3.channels.low, classes, kernel: 1, bias: true, start: .head
    )
    high = Convolution(
      head("high_classifier"), width, classes, kernel: 1, bias: true, start: .head)
  }

  /// Logits at H/8 x W/8, rounded up.
  func callAsFunction<Run: Operators>(_ x: Run.Value, _ run: Run) -> NetworkValues<Run.Value> {
    let features = backbone(x, run)
    let scale = run.convolution(
      run.averagePool(features.last, bins: 1), gate, activation: .sigmoid)
    let feature = run.resized(
      run.scaled(project(features.last, run), by: scale), like: features.low, grid: .halfPixels)
    let logits = run.convolution(feature, high, adding: run.convolution(features.low, low))
    return NetworkValues(
      logits: logits, auxiliaryLogits: nil, feature: feature, stages: features.stages)
  }
}
