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
    /// What of a graph's outputs is what.
    package var outputs = Outputs()
    /// How images are normalised for it.
    package var input = Input()
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
    /// What of a graph's outputs is what.
    package var outputs = Outputs()
    /// How images are normalised for it.
    package var input = Input()
    /// What its classes are among those of the data.
    package var classes = Classes()
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
    Key(
      "student.network", \.student.network,
      "Architecture of the network that is trained, or the ONNX file (.onnx) that holds it with its weights. "
        + relativePaths),
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
    Key("student.outputs", \.student.outputs, outputs).added,
    Key("student.input.order", \.student.input.order, order).added,
    Key("student.input.scale", \.student.input.scale, scales, scale).added,
    Key("student.input.mean", \.student.input.mean, each: means, count: 3...3, mean).added,
    Key(
      "student.input.deviation", \.student.input.deviation, each: scales, count: 3...3, deviation
    ).added,
  ]

  private static let outputs =
    "Of an ONNX file: the names of its outputs for logits and auxiliary logits. []: those called logits and "
    + "auxiliary, or the only output, or the only two."
  private static let order =
    "Order of the channels that the network wants. own: as of networks published with RDD or torchvision, "
    + "and for an ONNX file B, G, R minus the mean of ImageNet; the other keys of input then do not count."
  private static let scale = "What the largest value of a pixel, 255, becomes before the mean."
  private static let mean = "What is subtracted from each channel, in that order."
  private static let deviation = "What each channel is divided by at last, in that order."
  private static let scales = 1e-6...1e6
  private static let means = -1e6...1e6

  static let teacher = [
    Key(
      "teacher.network", \.teacher.network,
      "Architecture of the teacher, or an ONNX file (.onnx), whose own weights are taken unless teacher.weights "
        + "names others; the width of a head follows from the weights. \(relativePaths)"),
    Key(
      "teacher.weights", path: \.teacher.weights,
      "The teacher's weights (safetensors or pth). Needed unless distill.method is none, or the network is an "
        + "ONNX file. "
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
    Key("teacher.outputs", \.teacher.outputs, outputs).added,
    Key(
      "teacher.classes", \.teacher.classes,
      "For each class of the teacher the index of the data's class that it is, or none. Probabilities of "
        + "classes that become one are added; those of none are shared out in proportion. []: the "
        + "teacher's classes are the data's."
    ).added,
    Key("teacher.input.order", \.teacher.input.order, order).added,
    Key("teacher.input.scale", \.teacher.input.scale, scales, scale).added,
    Key("teacher.input.mean", \.teacher.input.mean, each: means, count: 3...3, mean).added,
    Key(
      "teacher.input.deviation", \.teacher.input.deviation, each: scales, count: 3...3, deviation
    ).added,
  ]
}
