import Difficulty
import Recipes

/// Which loss counts at an iteration.
package enum Stage: String, Sendable, Codable {
  /// Cross entropy with the labels, without a teacher.
  case labels
  /// Cross entropy and distillation of the logits.
  case kd
  /// Teacher-full evaluated: weights from the teacher's two heads.
  case tfe
  /// Teacher-student evaluated: masks from both networks' confidences.
  case tse
  /// TFE passing into TSE.
  case blend
}

/// The losses of a recipe, iteration by iteration.
package struct Objective: Sendable {
  private let recipe: Recipe

  /// The objective of a recipe.
  package init(_ recipe: Recipe) { self.recipe = recipe }

  /// The stage of an iteration, from 1.
  package func stage(_ iteration: Int) -> Stage {
    switch recipe.distill.method {
    case .none: return .labels
    case .kd: return .kd
    case .rdd:
      let warmup = recipe.distill.warmupIterations
      let isEarly = recipe.distill.warmupInclusive ? iteration <= warmup : iteration < warmup
      if isEarly { return .tfe }
      return recipe.distill.switch == .blend ? .blend : .tse
    }
  }

  /// How an iteration weighs pixels.
  ///
  /// - Parameters:
  ///   - iteration: from 1.
  ///   - imageCount: the images over which statistics are taken: the global batch, or this rank's
  ///     images where statistics are local.
  package func options(_ iteration: Int, imageCount: Int) -> DifficultyOptions {
    let distill = recipe.distill
    var options = distill.difficulty
    options.task = task(iteration)
    options.minimumKept = recipe.minimumKept(ofImages: imageCount)
    options.classWeights = distill.classWeights.values
    if distill.method == .none || recipe.listsKD { options.distillationWeight = 0 }
    return options
  }

  private func task(_ iteration: Int) -> DifficultyOptions.Task {
    switch stage(iteration) {
    case .labels, .kd: return .crossEntropy
    case .tfe: return .teacherFull
    case .tse: return .teacherStudent
    case .blend:
      let (last, warmup) = (recipe.train.iterations, recipe.distill.warmupIterations)
      return .blend(share: Double(iteration - last) / Double(warmup - last))
    }
  }
}
