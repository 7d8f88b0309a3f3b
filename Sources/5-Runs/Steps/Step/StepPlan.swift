import Difficulty
import Optimisers
import Recipes
import Torch

/// The numbers of a recipe that a step follows, iteration by iteration.
package struct StepPlan: Sendable {
  /// Stages and loss options.
  package let objective: Objective
  /// Images of the global batch.
  package let batchSize: Int
  /// The run's seed.
  package let seed: UInt64
  /// Whether the student's dropout layers drop.
  package let dropout: Bool
  /// Levels of 255 by which adversarial training moves the student's images; 0: none.
  package let fgsm: Double
  /// Which losses the difficulty map weights: the task loss, the methods', or both.
  package let scope: Recipe.MapScope
  /// Whether the run learns by difficulty at all.
  package let usesDifficulty: Bool
  /// Over which pixels thresholds and means are taken.
  package let statistics: DifficultyOptions.Statistics
  /// Whether a step reports where the published scripts would have ended or divided by zero
  /// (`distill.strict_official`).
  package let isStrict: Bool
  /// Whether the teacher may see the next batch before this one's gradients have arrived.
  package let teachesAhead: Bool
  /// The learning rates.
  package let learningRate: LearningRate
  /// The type of the activations.
  package var precision: Torch.ElementType

  /// The plan of a recipe.
  package init(_ recipe: Recipe) {
    let train = recipe.train
    objective = Objective(recipe)
    batchSize = train.batchSize
    seed = UInt64(train.seed)
    dropout = recipe.student.dropout
    fgsm = train.fgsm
    scope = recipe.distill.scope
    usesDifficulty = recipe.distill.method == .rdd
    statistics = recipe.distill.difficulty.statistics
    isStrict = recipe.distill.strictOfficial
    teachesAhead = recipe.teacher.ahead
    learningRate = LearningRate(
      PolynomialSchedule(
        base: train.learningRate, iterations: train.iterations, power: train.polyPower),
      warmupIterations: train.warmupIterations, warmupFactor: train.warmupFactor)
    precision = train.precision.elementType
  }
}
