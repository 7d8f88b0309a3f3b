import DataParallel
import Datasets
import Difficulty
import Networks
import Recipes
import Reduction
import Steps
import Testing
import Torch

/// The step that runs take, on simulated ranks of one process.
@Suite struct TrainingStepTests {
  /// RDD's two stages on five scenes of 32 x 48, a step of TFE and two of TSE.
  private static func recipe(_ changes: (inout Recipe) -> Void = { _ in }) -> Recipe {
    var recipe = Recipe()
    recipe.data.scenes.height = 32
    recipe.data.scenes.width = 48
    recipe.data.scenes.trainCount = 5
    recipe.data.cropHeight = 32
    recipe.data.cropWidth = 48
    recipe.data.classCount = 11
    recipe.data.augment = false
    recipe.student.network = "deeplab_mobile"
    recipe.teacher.network = "deeplabv3_resnet18"
    recipe.teacher.fromSeed = true
    recipe.train.batchSize = 5
    recipe.train.iterations = 3
    recipe.distill.warmupIterations = 2
    recipe.distill.ohem.minimumKept = 900
    changes(&recipe)
    return recipe
  }

  private struct Outcome: Sendable, Equatable {
    var losses: [Double] = []
    var norms: [Double] = []
    var stages: [Stage] = []
    var omissions = 0
    var weights: [Float] = []
    var momentum: [Float] = []
  }

  /// The steps of one rank.
  ///
  /// - Parameter spoiling: whether the first image of the batch is not a number.
  private static func run(
    _ recipe: Recipe, _ reducer: any Reducer, spoiling: Bool = false
  ) throws -> Outcome {
    let positions = Shard.range(
      of: recipe.train.batchSize, rank: reducer.rank, worldSize: reducer.worldSize)
    let student = try NetworkFactory.student(recipe)
    let teacher = try NetworkFactory.teacher(recipe)
    let parameters = FlatParameters(
      student, exactSums: recipe.train.addsExactly, isAlone: reducer.worldSize == 1)
    let step = TrainingStep(
      StepPlan(recipe),
      TrainingStep.Parts(
        student: student, teacher: teacher.map { Teacher($0, recipe) }, parameters: parameters,
        exchange: ReducerExchange(parameters.gradientBuffers(), reducer),
        loss: TaskLoss(engine: .fused, threadCount: 1), optimiser: recipe.optimiser,
        reducer: reducer))
    let source = try DataSources(recipe.data).training
    let loader = try BatchLoader(
      source: source,
      order: SampleOrder(sampleCount: source.count, seed: 1, isShuffled: true),
      augmentation: Augmentation(
        crop: CropSize(height: recipe.data.cropHeight, width: recipe.data.cropWidth), seed: 1,
        isRandom: false),
      batchSize: recipe.train.batchSize, positions: positions,
      iterations: 1...recipe.train.iterations, threadCount: 1, batchesAhead: 1)
    defer { loader.stop() }
    var outcome = Outcome()
    for iteration in 1...recipe.train.iterations {
      let batch = try loader.next()
      if spoiling, positions.contains(0) { batch.images[7] = .nan }
      let report = step.run(
        step.lesson(on: batch, iteration: iteration), PhaseClock(iteration: iteration))
      outcome.losses.append(report.result.loss)
      outcome.norms.append(report.gradientNorm)
      outcome.stages.append(report.stage)
      outcome.omissions += report.omission == .notFinite ? 1 : 0
    }
    outcome.weights = student.state.entries.flatMap { $0.tensor.array(Float.self) }
    outcome.momentum = parameters.momentum.array(Float.self)
    return outcome
  }

  private static func outcomes(
    _ recipe: Recipe, ranks: Int, spoiling: Bool = false
  ) throws -> [Outcome] {
    try SimulatedRanks.run(ranks) { reducer in
      Result { try run(recipe, reducer, spoiling: spoiling) }
    }.map { try $0.get() }
  }

  /// Five images on one, two and three ranks: the same bits, as a run under mpirun.
  @Test(arguments: [Architecture("deeplab_mobile"), "lraspp_mobilenetv3"])
  func theNumberOfRanksChangesNoBit(_ student: Architecture) throws {
    let recipe = Self.recipe { $0.student.network = student }
    let alone = try Self.run(recipe, SingleProcess())
    #expect(alone.stages == [.tfe, .tse, .tse])
    #expect(alone.losses.allSatisfy { $0.isFinite && $0 > 0 } && alone.omissions == 0)
    #expect(alone.norms.allSatisfy { $0 > 0 })
    for ranks in [2, 3] {
      for outcome in try Self.outcomes(recipe, ranks: ranks) { #expect(outcome == alone) }
    }
  }

  /// One image that is not a number: all ranks leave the update out, and the weights stay.
  @Test func aStepThatIsNotFiniteMovesNothing() throws {
    let recipe = Self.recipe { $0.train.iterations = 1 }
    let before = try NetworkFactory.student(recipe)
    for outcome in try Self.outcomes(recipe, ranks: 2, spoiling: true) {
      #expect(outcome.omissions == 1)
      #expect(outcome.weights == before.state.entries.flatMap { $0.tensor.array(Float.self) })
      #expect(outcome.momentum.allSatisfy { $0 == 0 })
    }
  }

  /// The rate, momentum and decay of the recipe are those of the step.
  @Test func theRecipeRulesTheUpdate() throws {
    let plain = try Self.run(Self.recipe { $0.train.iterations = 1 }, SingleProcess())
    let still = try Self.run(
      Self.recipe {
        $0.train.iterations = 1
        $0.train.learningRate = 0
      }, SingleProcess())
    #expect(plain.losses == still.losses && plain.momentum == still.momentum)
    #expect(plain.weights != still.weights)
    let decayed = try Self.run(
      Self.recipe {
        $0.train.iterations = 1
        $0.train.weightDecay = 0.1
      }, SingleProcess())
    #expect(decayed.losses == plain.losses && decayed.momentum != plain.momentum)
  }
}
