import Optimisers
import Recipes
import Steps

/// Which keys of a recipe say something about its run.
extension Recipe {
  /// Whether a key has an effect, as the others stand: none has that of a teacher without one, of scenes
  /// where files are read, of a stage that is never reached. A preset only sets other keys.
  func uses(_ key: String) -> Bool {
    switch key {
    case "preset": false
    case "student.backbone_weights": student.weights == nil
    case "train.warmup_factor": train.warmupIterations > 0
    case _ where OptimiserName.allCases.contains { $0.card.keys.contains(key) }:
      train.optimizer.card.keys.contains(key)
    case _ where key.hasPrefix("data."): usesData(key)
    case "student.outputs": student.network.graphPath != nil
    case "teacher.outputs": distill.method != .none && teacher.network.graphPath != nil
    case _ where key.hasPrefix("student.input.") && key != "student.input.order":
      student.input.order != .own
    case _ where key.hasPrefix("teacher.input.") && key != "teacher.input.order":
      distill.method != .none && teacher.input.order != .own
    case _ where key.hasPrefix("teacher."):
      distill.method != .none && (key != "teacher.from_seed" || teacher.weights == nil)
    case _ where key.hasPrefix("distill."): usesDistill(key)
    default: true
    }
  }

  private func usesData(_ key: String) -> Bool {
    let ofFiles = [
      "data.root", "data.train_list", "data.validation_list", "data.format", "data.identity",
      "data.image_mebibytes", "data.orientation",
    ]
    switch data.kind {
    case .scenes: return !ofFiles.contains(key)
    case .list: return !key.hasPrefix("data.scenes.")
    }
  }

  private func usesDistill(_ key: String) -> Bool {
    // Of all losses.
    let ofAll = [
      "distill.method", "distill.methods", "distill.auxiliary_weight", "distill.engine",
      "distill.statistics", "distill.strict_official",
    ]
    if ofAll.contains(key) { return true }
    if key == "distill.kd_weight" || key == "distill.kd_temperature" {
      return distill.method != .none && !distill.methods.list.contains { $0.name == "kd" }
    }
    guard distill.method == .rdd else { return false }
    if key == "distill.scope" { return !distill.methods.list.isEmpty }
    let stages = Objective(self)
    let (hasFirst, hasSecond) = (
      stages.stage(1) != .tse, stages.stage(train.iterations) != .tfe
    )
    if key.hasPrefix("distill.tfe.") { return hasFirst }
    // When the second stage begins is told even where it never does.
    if key.hasPrefix("distill.warmup") || key == "distill.switch" { return true }
    return hasSecond
  }

  /// The first iteration of the second stage; nil for a run that does not have both.
  var secondStage: Int? {
    guard distill.method == .rdd else { return nil }
    let stages = Objective(self)
    guard stages.stage(1) == .tfe, stages.stage(train.iterations) != .tfe else { return nil }
    var (first, other) = (1, train.iterations)
    while other - first > 1 {
      let middle = (first + other) / 2
      if stages.stage(middle) == .tfe { first = middle } else { other = middle }
    }
    return other
  }
}
