import Networks

extension Recipe {
  /// The network that is trained.
  package struct Student: Sendable, Equatable {
    /// Its architecture.
    package var network: Architecture = "deeplabv3_resnet18"
    /// Weights of the whole network; absolute path.
    package var weights: String?
    /// ImageNet weights of the backbone; absolute path.
    package var backboneWeights: String?
    /// Dropout before the classifiers.
    package var dropout = true
    /// Channels of the DeepLabV3 head; 0: the published width.
    package var headWidth = 0
  }

  /// The frozen network that the student learns from. Its head's width follows from its weights.
  package struct Teacher: Sendable, Equatable {
    /// Its architecture.
    package var network: Architecture = "deeplabv3_resnet101"
    /// Weights of the whole network; absolute path.
    package var weights: String?
    /// Whether a teacher without weights is drawn from the seed.
    package var fromSeed = false
    /// What computes its logits.
    package var engine = TeacherEngine.compiled
    /// Whether it works on the next batch while gradients are on their way.
    package var ahead = true
  }

  /// What computes the teacher's logits.
  package enum TeacherEngine: String, RecipeChoice, CaseIterable {
    /// LibTorch's operators.
    case eager
    /// Compiled once through oneDNN.
    case compiled
  }
}

extension Key {
  static let student = [
    Key("student.network", \.student.network, "Architecture of the network that is trained."),
    Key(
      "student.weights", path: \.student.weights,
      "Weights to start from, of the whole network (safetensors or pth). They win over "
        + "student.backbone_weights. \(relativePaths)"
    ).namingFiles,
    Key(
      "student.backbone_weights", path: \.student.backboneWeights,
      "ImageNet weights of the backbone (safetensors or pth); the heads are drawn from the seed. "
        + relativePaths
    ).namingFiles,
    Key(
      "student.dropout", \.student.dropout,
      "Dropout before the classifiers; its masks depend on seed, iteration and sample alone."),
    Key(
      "student.head_width", \.student.headWidth, 0...1024,
      "Channels before the classifier. 0: the published ones (DeepLabV3: 128 on ResNet-18 and MobileNetV2, "
        + "else 256)."),
  ]

  static let teacher = [
    Key(
      "teacher.network", \.teacher.network,
      "Architecture of the teacher; the width of its head follows from its weights."),
    Key(
      "teacher.weights", path: \.teacher.weights,
      "The teacher's weights (safetensors or pth). Needed unless distill.method is none. "
        + relativePaths
    ).changingNothing,
    Key(
      "teacher.from_seed", \.teacher.fromSeed,
      "Whether a teacher without weights is drawn from the seed: for timing, it teaches nothing."),
    Key("teacher.engine", \.teacher.engine, "What computes the teacher's logits."),
    Key(
      "teacher.ahead", \.teacher.ahead,
      "Whether the teacher works on the next batch while gradients are still on their way between "
        + "the ranks. No number changes by it."
    ).changingNothing,
  ]
}
