/// A dilated backbone, a main head, and on ResNets an auxiliary head: what DeepLabV3 and PSPNet are.
///
/// Source: the layers and names as published with RDD (`pretrained.`, `head.`, `auxlayer.`).
struct BackboneAndHeads: NetworkBody {
  let width: Int
  private let backbone: any Backbone
  private let head: any Head
  private let auxiliaryHead: (any Head)?

  /// The backbones, by what the names of networks end with.
  enum Kind: String, CaseIterable {
    case resNet18 = "resnet18"
    case resNet50 = "resnet50"
    case resNet101 = "resnet101"
    case mobileNetV2 = "mobile"

    var title: String {
      switch self {
      case .resNet18: "ResNet-18"
      case .resNet50: "ResNet-50"
      case .resNet101: "ResNet-101"
      case .mobileNetV2: "MobileNetV2"
      }
    }

    fileprivate func backbone(_ scope: Scope) -> any Backbone {
      switch self {
      case .resNet18: ResNet(scope, .r18)
      case .resNet50: ResNet(scope, .r50)
      case .resNet101: ResNet(scope, .r101)
      case .mobileNetV2: MobileNetV2(scope)
      }
    }

    /// The card of a network on this backbone.
    ///
    /// - Parameters:
    ///   - name: the network's.
    ///   - title: the family's, as `DeepLabV3`.
    ///   - classifier: the main classifier's name, below `head.`.
    ///   - defaultWidth: the published channels before the classifier, for those of the backbone.
    ///   - head: names, channels of the backbone, channels before the classifier, classes.
    func card(
      _ name: String, _ title: String, classifier: String,
      defaultWidth: @escaping @Sendable (Int) -> Int,
      head: @escaping @Sendable (Scope, Int, Int, Int) -> any Head
    ) -> NetworkCard {
      NetworkCard(
        name: name, title: "\(title) on \(self.title)", hasAuxiliaryHead: self != .mobileNetV2,
        backbonePrefix: self == .mobileNetV2 ? "pretrained.net." : "pretrained.",
        widthTensor: "head.block.0.weight", classifierBias: "head.\(classifier).bias"
      ) { scope, classes, width in
        let backbone = backbone(scope("pretrained"))
        let inputs = backbone.channels.last
        let width = width ?? defaultWidth(inputs)
        return BackboneAndHeads(
          scope, backbone, width: width, classes: classes,
          head: head(scope("head"), inputs, width, classes))
      }
    }
  }

  private init(
    _ scope: Scope, _ backbone: any Backbone, width: Int, classes: Int, head: any Head
  ) {
    self.width = width
    self.backbone = backbone
    self.head = head
    auxiliaryHead = backbone.channels.auxiliary.map { channels in
      let names = scope("auxlayer")
      return FullyConvolutionalHead(
        names, classifier: names("block")("4"), channels, channels / 4, classes: classes)
    }
  }

  func callAsFunction<Run: Operators>(_ x: Run.Value, _ run: Run) -> NetworkValues<Run.Value> {
    let features = backbone(x, run)
    let main = head(features.last, run)
    let auxiliary = auxiliaryHead.flatMap { head in
      features.auxiliary.map { head($0, run).logits }
    }
    return NetworkValues(
      logits: main.logits, auxiliaryLogits: auxiliary, feature: main.feature,
      stages: features.stages)
  }
}
