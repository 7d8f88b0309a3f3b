import Torch

/// The networks of the paper, by the names that recipes use.
public enum Architecture: String, CaseIterable, Sendable {
  /// DeepLabV3 on ResNet-18.
  case deeplabv3ResNet18 = "deeplabv3_resnet18"
  /// DeepLabV3 on ResNet-50.
  case deeplabv3ResNet50 = "deeplabv3_resnet50"
  /// DeepLabV3 on ResNet-101.
  case deeplabv3ResNet101 = "deeplabv3_resnet101"
  /// DeepLabV3 on MobileNetV2.
  case deeplabMobile = "deeplab_mobile"
  /// PSPNet on ResNet-18.
  case pspResNet18 = "psp_resnet18"
  /// PSPNet on ResNet-50.
  case pspResNet50 = "psp_resnet50"
  /// PSPNet on ResNet-101.
  case pspResNet101 = "psp_resnet101"
  /// PSPNet on MobileNetV2.
  case pspMobile = "psp_mobile"

  private var depth: ResNet.Depth? {
    switch self {
    case .deeplabv3ResNet18, .pspResNet18: .r18
    case .deeplabv3ResNet50, .pspResNet50: .r50
    case .deeplabv3ResNet101, .pspResNet101: .r101
    case .deeplabMobile, .pspMobile: nil
    }
  }

  /// Whether it ends in a DeepLabV3 head; otherwise in a PSPNet head.
  public var isDeepLab: Bool { rawValue.hasPrefix("deeplab") }

  /// Whether it has an auxiliary head, which the early stage asks of a teacher.
  public var hasAuxiliaryHead: Bool { depth != nil }

  fileprivate func backbone(_ scope: Scope) -> any Backbone {
    depth.map { ResNet(scope, $0) } ?? MobileNetV2(scope)
  }
}

/// What a network says about its images.
public struct SegmentationOutput: Sendable {
  /// The main head's scores before softmax, `[N, C, h, w]`.
  public let logits: Tensor
  /// The auxiliary head's, `[N, C, h, w]`; nil for MobileNetV2.
  public let auxiliaryLogits: Tensor?
  /// What the main classifier reads, `[N, F, h, w]`; nil from a frozen network that was compiled
  /// without it.
  public let feature: Tensor?
  /// What the backbone's last three stages give, `[N, F, h, w]` each; empty if they were not asked for.
  public let stages: [Tensor]

  /// An output from its parts.
  public init(
    logits: Tensor, auxiliaryLogits: Tensor?, feature: Tensor?, stages: [Tensor] = []
  ) {
    self.logits = logits
    self.auxiliaryLogits = auxiliaryLogits
    self.feature = feature
    self.stages = stages
  }
}

/// A segmentation network: backbone, main head and, on ResNets, an auxiliary head.
public final class SegmentationNetwork: @unchecked Sendable {
  /// Which network of the zoo it is.
  public let architecture: Architecture
  /// The number of classes.
  public let classCount: Int
  /// The channels of the features that the main classifier reads.
  public let headWidth: Int
  /// The named tensors.
  public let state: StateDict
  private let backbone: any Backbone
  private let head: any Head
  private let auxiliaryHead: (any Head)?

  /// A network with new values.
  ///
  /// - Parameters:
  ///   - architecture: which network of the zoo.
  ///   - classCount: the number of classes.
  ///   - headWidth: the channels before the classifier; nil for the published width.
  ///   - start: how the values start, their type and device.
  public init(
    _ architecture: Architecture, classCount: Int, headWidth: Int? = nil, start: Initialisation
  ) {
    let state = StateDict()
    let scope = Scope(state: state, prefix: "", start: start)
    let backbone = architecture.backbone(scope("pretrained"))
    let inputs = backbone.channels.last
    let isDeepLab = architecture.isDeepLab
    let width =
      headWidth
      ?? (isDeepLab ? DeepLabV3Head.defaultWidth(inputs) : PSPHead.defaultWidth(inputs))
    head =
      isDeepLab
      ? DeepLabV3Head(scope("head"), inputs, width: width, classes: classCount)
      : PSPHead(scope("head"), inputs, width: width, classes: classCount)
    auxiliaryHead = backbone.channels.auxiliary.map { channels in
      let names = scope("auxlayer")
      return FullyConvolutionalHead(
        names, classifier: names("block")("4"), channels, channels / 4, classes: classCount)
    }
    self.backbone = backbone
    self.architecture = architecture
    self.classCount = classCount
    self.headWidth = width
    self.state = state
  }

  /// Logits and features of images.
  ///
  /// - Parameters:
  ///   - images: `[N, 3, H, W]`, BGR with the mean subtracted, of the type of the parameters.
  ///   - pass: training or evaluation, and the type of the activations. Collective in training.
  ///   - withStages: whether the output has what the backbone's stages give.
  /// - Returns: logits of the type of the parameters, at H/8 x W/8, rounded up.
  public func callAsFunction(
    _ images: Tensor, _ pass: Pass, withStages: Bool = false
  ) -> SegmentationOutput {
    let x = images.to(pass.precision).contiguous(.channelsLast)
    let found = self(x, TensorOperators(pass: pass))
    let type: ElementType = pass.precision == .bfloat16 ? .float32 : pass.precision
    return SegmentationOutput(
      logits: found.logits.to(type), auxiliaryLogits: found.auxiliaryLogits?.to(type),
      feature: found.feature, stages: withStages ? found.stages : [])
  }

  /// The network's body: `[N, 3, H, W]`, channels last, to what it says, each of the operators' type.
  func callAsFunction<Run: Operators>(_ x: Run.Value, _ run: Run) -> NetworkValues<Run.Value> {
    let features = backbone(x, run)
    let main = head(features.last, run)
    let auxiliary = auxiliaryHead.flatMap { head in features.auxiliary.map { head($0, run).logits }
    }
    return NetworkValues(
      logits: main.logits, auxiliaryLogits: auxiliary, feature: main.feature,
      stages: features.stages)
  }
}

/// What a network's body gives, `[N, C, h, w]` each.
struct NetworkValues<Value> {
  let logits: Value
  let auxiliaryLogits: Value?
  let feature: Value
  let stages: [Value]
}
