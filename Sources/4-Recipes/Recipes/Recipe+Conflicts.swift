import Datasets
import Networks

extension Recipe {
  /// A rule between keys that does not hold; `key` is the one to blame.
  struct Conflict {
    var kind = RecipeError.Kind.conflict
    var key: String
    var found: String
    var expected: String
    var remedy: String
  }

  /// The first rule between keys that does not hold, of those that matter for a purpose.
  func firstConflict(for purpose: Purpose) -> Conflict? {
    if let conflict = dataConflict ?? trainConflict { return conflict }
    return purpose == .measuring ? nil : networkConflict ?? distillConflict
  }

  private var dataConflict: Conflict? {
    if data.kind == .list, data.root == nil {
      return Conflict(
        kind: .missing, key: "data.kind", found: "data.kind: list and no data.root",
        expected: "the folder of the images", remedy: "add --set data.root=FOLDER")
    }
    if data.classCount == 0 {
      return Conflict(
        kind: .missing, key: "data.format", found: "data.format: train_ids and no data.num_classes",
        expected: "the number of classes", remedy: "set data.num_classes")
    }
    let expectedCount =
      data.kind == .scenes
      ? data.scenes.classes.members.count : data.format.card.classes?.count
    if let expectedCount, expectedCount != data.classCount {
      let source = data.kind == .scenes ? "the scenes" : "data.format \(data.format.rawValue)"
      return Conflict(
        key: "data.num_classes", found: "data.num_classes: \(data.classCount)",
        expected: "\(expectedCount), the classes of \(source)",
        remedy: "remove data.num_classes, or use data.format train_ids")
    }
    for (key, size) in [
      ("data.crop_height", data.cropHeight), ("data.crop_width", data.cropWidth),
    ] where size < 32 {
      return Conflict(
        kind: .outOfRange, key: key, found: "\(key): \(size)", expected: "0, or 32 to 8192",
        remedy: "take a larger crop; the networks divide it by 8")
    }
    return nil
  }

  private var trainConflict: Conflict? {
    if train.optimizer == .adamw, train.learningRate > 0.01 {
      return Conflict(
        key: "train.learning_rate",
        found: "train.learning_rate: \(train.learningRate.yaml) with train.optimizer adamw",
        expected: "0.01 or less: a step moves each weight by about that",
        remedy: "set train.learning_rate, for example to 6e-5 or 0.001")
    }
    guard train.precision == .bfloat16, train.instructions == .avx2, train.device == .cpu else {
      return nil
    }
    return Conflict(
      key: "train.instructions", found: "train.instructions: avx2 with train.precision bfloat16",
      expected: "avx512 or more: oneDNN has no bfloat16 below",
      remedy: "use train.precision float32, or other instructions")
  }

  private var networkConflict: Conflict? {
    if let conflict = graphConflict { return conflict }
    if distill.method == .none { return nil }
    if teacher.weights == nil, teacher.network.graphPath == nil, !teacher.fromSeed {
      return Conflict(
        kind: .missing, key: "distill.method",
        found: "distill.method: \(distill.method.rawValue) and no teacher.weights",
        expected: "the teacher's weights",
        remedy: "add --set teacher.weights=FILE; train one with 'distill: none' if there is none")
    }
    if distill.method == .rdd, teacher.network.card?.hasAuxiliaryHead == false {
      return Conflict(
        key: "teacher.network", found: "teacher.network: \(teacher.network.rawValue)",
        expected:
          "a network with an auxiliary head, as those on ResNets: TFE compares the two heads",
        remedy: "take a ResNet teacher, or distill.method kd")
    }
    return nil
  }

  private var distillConflict: Conflict? {
    if distill.method != .rdd { return nil }
    if distill.scope != .task, distill.difficulty.statistics == .local {
      return Conflict(
        key: "distill.scope",
        found: "distill.scope: \(distill.scope.rawValue) with local statistics",
        expected: "global statistics: methods are taken over the whole batch",
        remedy: "use distill.scope task or distill.statistics global")
    }
    if distill.switch == .blend, distill.warmupIterations == train.iterations {
      return Conflict(
        key: "distill.warmup_iterations",
        found: "distill.warmup_iterations: \(distill.warmupIterations), the last iteration",
        expected: "another iteration: blending from the last one divides by zero",
        remedy: "blend from an earlier iteration, or use distill.switch hard")
    }
    if distill.difficulty.statistics == .global, distill.ohem.minimumKeptUnit == .rank {
      return Conflict(
        key: "distill.ohem.minimum_kept_unit",
        found: "distill.ohem.minimum_kept_unit: rank with global statistics",
        expected: "batch or image: the number of ranks must not change the result",
        remedy: "use batch or image, or distill.statistics local")
    }
    if distill.ohem.minimumKept == nil {
      return Conflict(
        key: "distill.ohem.minimum_kept_unit",
        found: "distill.ohem.minimum_kept: auto with minimum_kept_unit rank",
        expected: "a number: how many ranks there will be is not known here",
        remedy: "set distill.ohem.minimum_kept (the scripts: 100000)")
    }
    switch distill.classWeights {
    case .published(let format):
      guard let count = format.card.classWeights?.count, count != data.classCount else {
        return nil
      }
      return classWeightConflict(
        format.rawValue, "\(count) classes for the \(format.card.title) weights")
    case .list(let weights) where weights.count != data.classCount:
      return classWeightConflict(
        "\(weights.count) weights", "\(data.classCount), one for each class")
    default: return nil
    }
  }

  private func classWeightConflict(_ found: String, _ expected: String) -> Conflict {
    Conflict(
      key: "distill.class_weights",
      found: "distill.class_weights: \(found) for \(data.classCount) classes",
      expected: expected, remedy: "use auto, none or a list of \(data.classCount) numbers")
  }
}
