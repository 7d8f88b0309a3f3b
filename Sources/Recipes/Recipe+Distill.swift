extension Recipe {
  /// The losses.
  public struct Distill: Sendable, Equatable {
    /// What is learned besides the labels.
    public var method = Method.rdd
    /// Methods beside the task loss.
    public var methods = Methods()
    /// What the difficulty weighs.
    public var scope = MapScope.task
    /// Factor of the KD term.
    public var kdWeight = 1.0
    /// Temperature of the KD term.
    public var kdTemperature = 1.0
    /// Factor of the auxiliary head's loss.
    public var auxiliaryWeight = 0.4
    /// The iteration from which TSE takes over; nil only before a recipe is read.
    var warmup: Int?
    /// Whether that iteration itself is still one of TFE.
    public var warmupInclusive = false
    /// How TSE takes over.
    public var `switch` = Switch.hard
    /// Which pixels TSE keeps.
    public var mask = Mask.xor
    /// Over which pixels thresholds and denominators are taken.
    public var statistics = Statistics.global
    /// What computes the losses.
    public var engine = DifficultyEngine.fused
    /// Class weights of TSE; `auto` only before a recipe is read.
    public var classWeights = ClassWeights.auto
    /// Which pixels count as hard.
    public var ohem = OHEM()
    /// The first stage.
    public var tfe = TFE()
    /// The second stage.
    public var tse = TSE()
    /// Whether to stop or skip where the published scripts would crash or divide by zero.
    public var strictOfficial = false

    /// The iteration from which TSE takes over; before a recipe is read that of a default run.
    public var warmupIterations: Int {
      get { warmup ?? Recipe.warmup(of: Train().iterations) }
      set { warmup = newValue }
    }
  }

  /// Which pixels count as hard: those at or below the larger of a threshold and the k-th smallest
  /// probability.
  public struct OHEM: Sendable, Equatable {
    /// The probability at or below which a pixel is hard.
    public var threshold = 0.7
    /// k, counted as `minimumKeptUnit` says; nil only before a recipe is read.
    public var minimumKept: Int?
    /// What k pixels are kept of.
    public var minimumKeptUnit = KeptUnit.batch
  }

  /// The first stage, teacher-full evaluated.
  public struct TFE: Sendable, Equatable {
    /// Direction of the divergence between the teacher's two heads.
    public var kl = TFEDivergence.auxiliaryMain
    /// How the weights enter the loss.
    public var weighting = TFEWeighting.perPixel
  }

  /// The second stage, teacher-student evaluated.
  public struct TSE: Sendable, Equatable {
    /// The probability that is compared with the threshold.
    public var confidence = Confidence.groundTruth
    /// What the loss is averaged over.
    public var reduction = TSEReduction.maskedMean
  }

  /// What is learned besides the labels.
  public enum Method: String, RecipeChoice, CaseIterable {
    /// Relative difficulty: TFE, then TSE, and the KD term.
    case rdd
    /// Labels and the KD term, without difficulty.
    case kd
    /// Labels alone; no teacher.
    case none
  }

  /// How TSE takes over from TFE.
  public enum Switch: String, RecipeChoice, CaseIterable {
    /// At one iteration.
    case hard
    /// From that iteration on, linearly until the last.
    case blend
  }

  /// Which pixels TSE keeps, from the student's and the teacher's hard ones.
  public enum Mask: String, RecipeChoice, CaseIterable {
    /// Hard for exactly one of the two.
    case xor
    /// Hard for at least one.
    case or
    /// Hard for both.
    case and
    /// Hard for the student.
    case ohem
  }

  /// Over which pixels thresholds and denominators are taken.
  public enum Statistics: String, RecipeChoice, CaseIterable {
    /// The whole global batch: the same for any number of ranks.
    case global
    /// Each rank's images, as the published scripts do.
    case local
  }

  /// What computes the difficulty and the losses.
  public enum DifficultyEngine: String, RecipeChoice, CaseIterable {
    /// Operator by operator.
    case reference
    /// One sweep by rows.
    case fused
  }

  /// What `minimumKept` pixels are kept of.
  public enum KeptUnit: String, RecipeChoice, CaseIterable {
    /// The whole global batch.
    case batch
    /// Each image of it, on average.
    case image
    /// Each rank's images, as the published scripts do.
    case rank
  }

  /// Direction of the divergence between the teacher's two heads.
  public enum TFEDivergence: String, RecipeChoice, CaseIterable {
    /// KL(auxiliary || main), as the scripts.
    case auxiliaryMain = "auxiliary_main"
    /// KL(main || auxiliary), as the paper's equation 6.
    case mainAuxiliary = "main_auxiliary"
  }

  /// How the TFE weights enter the loss.
  public enum TFEWeighting: String, RecipeChoice, CaseIterable {
    /// A weight for each pixel's cross entropy, as the paper's equation 8.
    case perPixel = "per_pixel"
    /// The mean cross entropy times the mean weight, as the scripts of the other methods.
    case mean
  }

  /// The probability that is compared with the threshold.
  public enum Confidence: String, RecipeChoice, CaseIterable {
    /// That of the labelled class, as the scripts.
    case groundTruth = "ground_truth"
    /// The largest of all classes, as the paper's text.
    case maximum
  }

  /// What the TSE loss is averaged over.
  public enum TSEReduction: String, RecipeChoice, CaseIterable {
    /// The kept pixels, weighted by class, as the scripts.
    case maskedMean = "masked_mean"
    /// All pixels, as the paper's equations 1 and 5.
    case allPixels = "all_pixels"
  }

  /// Class weights of the TSE loss.
  public enum ClassWeights: RecipeValue {
    /// The Cityscapes weights where labels are read as Cityscapes', else none.
    case auto
    /// All ones.
    case none
    /// The published weights of the 19 Cityscapes classes.
    case cityscapes
    /// One weight for each class.
    case list([Double])
  }
}

extension Recipe.ClassWeights {
  static var expected: String { "auto, none, cityscapes or a list of positive numbers" }

  init?(_ written: Written) {
    switch written.text {
    case "auto": self = .auto
    case "none": self = .none
    case "cityscapes": self = .cityscapes
    default:
      guard let weights = [Double](written), !weights.isEmpty,
        weights.allSatisfy({ $0 > 0 && $0 <= 1e6 })
      else { return nil }
      self = .list(weights)
    }
  }

  var yaml: String {
    switch self {
    case .auto: "auto"
    case .none: "none"
    case .cityscapes: "cityscapes"
    case .list(let weights): weights.yaml
    }
  }
}
