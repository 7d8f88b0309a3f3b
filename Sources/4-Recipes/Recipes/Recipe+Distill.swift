import Datasets
import Difficulty

extension Recipe {
  /// The losses.
  package struct Distill: Sendable, Equatable {
    /// What is learned besides the labels.
    package var method = Method.rdd
    /// Methods beside the task loss.
    package var methods = Methods()
    /// Which losses the difficulty map weights.
    package var scope = MapScope.task
    /// How pixels are weighed, but for what an iteration, the size of the batch and the classes decide:
    /// `task`, `minimumKept` and `classWeights`.
    package var difficulty = DifficultyOptions()
    /// The iteration from which TSE takes over; nil only before a recipe is read.
    var warmup: Int?
    /// Whether that iteration itself is still one of TFE.
    package var warmupInclusive = false
    /// How TSE takes over.
    package var `switch` = Switch.hard
    /// What computes the losses.
    package var engine = TaskLoss.Engine.fused
    /// Class weights of TSE; `auto` only before a recipe is read.
    package var classWeights = ClassWeights.auto
    /// How many pixels count as hard at least.
    package var ohem = OHEM()
    /// Whether to stop or skip where the published scripts would crash or divide by zero.
    package var strictOfficial = false

    /// The iteration from which TSE takes over; before a recipe is read that of a default run.
    package var warmupIterations: Int {
      get { warmup ?? Recipe.warmup(of: Train().iterations) }
      set { warmup = newValue }
    }
  }

  /// How many pixels count as hard at least: the k-th smallest probability raises the threshold.
  package struct OHEM: Sendable, Equatable {
    /// k, counted as `minimumKeptUnit` says; nil only before a recipe is read.
    package var minimumKept: Int?
    /// What k pixels are kept of.
    package var minimumKeptUnit = KeptUnit.batch
  }

  /// What is learned besides the labels.
  package enum Method: String, RecipeChoice, CaseIterable {
    /// Relative difficulty: TFE, then TSE, and the KD term.
    case rdd
    /// Labels and the KD term, without difficulty.
    case kd
    /// Labels alone; no teacher.
    case none
  }

  /// How TSE takes over from TFE.
  package enum Switch: String, RecipeChoice, CaseIterable {
    /// At one iteration.
    case hard
    /// From that iteration on, linearly until the last.
    case blend
  }

  /// What `minimumKept` pixels are kept of.
  package enum KeptUnit: String, RecipeChoice, CaseIterable {
    /// The whole global batch.
    case batch
    /// Each image of it, on average.
    case image
    /// Each rank's images, as the published scripts do.
    case rank
  }

  /// Class weights of the TSE loss.
  package enum ClassWeights: RecipeValue {
    /// The published weights of the format that labels are read as, if it has any.
    case auto
    /// All ones.
    case none
    /// The published weights of a format's classes.
    case published(LabelFormat)
    /// One weight for each class.
    case list([Double])
  }
}

extension Recipe.ClassWeights {
  /// The formats that have published weights, by name.
  private static var published: [String: LabelFormat] {
    LabelFormat.allCases.reduce(into: [:]) {
      if $1.card.classWeights != nil { $0[$1.rawValue] = $1 }
    }
  }

  static var expected: String {
    let words = ["auto", "none"] + published.keys.sorted()
    return words.joined(separator: ", ") + " or a list of positive numbers"
  }

  init?(_ written: Written) {
    switch written.text {
    case "auto": self = .auto
    case "none": self = .none
    default:
      if let text = written.text, let format = Self.published[text] {
        self = .published(format)
        return
      }
      guard let weights = [Double](written), !weights.isEmpty,
        weights.allSatisfy({ $0 > 0 && $0 <= 1e6 })
      else { return nil }
      self = .list(weights)
    }
  }

  /// The weights of the classes; nil for all ones.
  package var values: [Float]? {
    switch self {
    case .auto, .none: nil
    case .published(let format): format.card.classWeights
    case .list(let weights): weights.map { Float($0) }
    }
  }

  var yaml: String {
    switch self {
    case .auto: "auto"
    case .none: "none"
    case .published(let format): format.rawValue
    case .list(let weights): weights.yaml
    }
  }
}
