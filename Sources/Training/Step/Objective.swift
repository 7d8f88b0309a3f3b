import Difficulty
import Recipes

/// Which loss counts at an iteration.
public enum Stage: String, Sendable, Codable {
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
public struct Objective: Sendable {
  private let recipe: Recipe

  /// The objective of a recipe.
  public init(_ recipe: Recipe) { self.recipe = recipe }

  /// The stage of an iteration, from 1.
  public func stage(_ iteration: Int) -> Stage {
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
  public func options(_ iteration: Int, imageCount: Int) -> DifficultyOptions {
    let distill = recipe.distill
    var options = DifficultyOptions()
    options.task = task(iteration)
    options.mask =
      switch distill.mask {
      case .xor: .xor
      case .or: .or
      case .and: .and
      case .ohem: .ohem
      }
    options.threshold = Float(distill.ohem.threshold)
    options.minimumKept = recipe.minimumKept(ofImages: imageCount)
    options.statistics = distill.statistics == .global ? .global : .local
    options.classWeights = classWeights
    options.divergence = distill.tfe.kl == .auxiliaryMain ? .auxiliaryToMain : .mainToAuxiliary
    options.weighting = distill.tfe.weighting == .perPixel ? .perPixel : .mean
    options.confidence = distill.tse.confidence == .groundTruth ? .groundTruth : .maximum
    options.reduction = distill.tse.reduction == .maskedMean ? .maskedMean : .allPixels
    options.auxiliaryWeight = distill.auxiliaryWeight
    options.distillationWeight =
      distill.method == .none || recipe.listsKD ? 0 : distill.kdWeight
    options.distillationTemperature = distill.kdTemperature
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

  private var classWeights: [Float]? {
    switch recipe.distill.classWeights {
    case .auto, .none: nil
    case .cityscapes: DifficultyOptions.cityscapesClassWeights
    case .list(let weights): weights.map { Float($0) }
    }
  }
}
