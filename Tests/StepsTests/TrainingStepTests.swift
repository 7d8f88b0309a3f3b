import DataParallel
import Datasets
import Difficulty
import Networks
import Optimisers
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
    var average: [Float] = []
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
      student, for: recipe.optimiser, exactSums: recipe.train.addsExactly,
      isAlone: reducer.worldSize == 1)
    let average = recipe.average(of: student)
    let step = TrainingStep(
      StepPlan(recipe),
      TrainingStep.Parts(
        student: student, teacher: teacher.map { Teacher($0, recipe) }, parameters: parameters,
        exchange: ReducerExchange(parameters.gradientBuffers(), reducer),
        loss: TaskLoss(engine: .fused, threadCount: 1), update: recipe.update(of: parameters),
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
      if report.omission == nil { average?.add(iteration: iteration) }
      outcome.losses.append(report.result.loss)
      outcome.norms.append(report.gradientNorm)
      outcome.stages.append(report.stage)
      outcome.omissions += report.omission == .notFinite ? 1 : 0
    }
    outcome.weights = student.state.entries.flatMap { $0.tensor.array(Float.self) }
    outcome.momentum = parameters.buffers.states.flatMap { $0.array(Float.self) }
    outcome.average = (average?.entries ?? []).flatMap { $0.average.array(Float.self) }
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

  /// AdamW with groups, warm-up, clipping and an average, the same bits too.
  private static func modern(_ recipe: inout Recipe) {
    recipe.train.optimizer = .adamw
    recipe.train.learningRate = 0.001
    recipe.train.weightDecay = 0.05
    recipe.train.warmupIterations = 2
    recipe.train.warmupFactor = 0.5
    recipe.train.clipNorm = 0.5
    recipe.train.groups.list = [
      ParameterGroup(match: "*.bias", decay: 0), ParameterGroup(match: "head.*", rate: 10),
    ]
    recipe.train.average = 0.9
  }

  @Test func theNumberOfRanksChangesNoBitOfAdamW() throws {
    let recipe = Self.recipe(Self.modern)
    let alone = try Self.run(recipe, SingleProcess())
    #expect(alone.norms.allSatisfy { $0 > 0.5 } && alone.omissions == 0)
    #expect(alone.average.count == alone.weights.count && alone.average != alone.weights)
    #expect(alone.momentum.contains { $0 != 0 })
    for ranks in [2, 3] {
      for outcome in try Self.outcomes(recipe, ranks: ranks) { #expect(outcome == alone) }
    }
  }

  /// Each of them changes the weights.
  @Test func eachKeyOfTheOptimiserCounts() throws {
    let recipe = Self.recipe(Self.modern)
    let all = try Self.run(recipe, SingleProcess())
    let changes: [(inout Recipe.Train) -> Void] = [
      { $0.beta1 = 0.8 }, { $0.beta2 = 0.9 }, { $0.epsilon = 1e-3 }, { $0.warmupIterations = 0 },
      { $0.warmupFactor = 0.25 }, { $0.clipNorm = 0 }, { $0.groups.list.removeLast() },
      { $0.weightDecay = 0 },
    ]
    for change in changes {
      var other = recipe
      change(&other.train)
      #expect(try Self.run(other, SingleProcess()).weights != all.weights)
    }
    var other = recipe
    other.train.average = 0.1
    let moved = try Self.run(other, SingleProcess())
    #expect(moved.weights == all.weights && moved.average != all.average)
  }

  /// A pattern that no name fits is an error that names the nearest parameter.
  @Test func aGroupWithoutParametersIsRefused() throws {
    let names = try NetworkFactory.student(Self.recipe()).state.parameters.map(\.name)
    try Self.recipe(Self.modern).checkGroups(names)
    let wrong = Self.recipe {
      $0.train.groups.list = [
        ParameterGroup(match: "*"), ParameterGroup(match: "head.block.4.bios"),
      ]
    }
    let error = #expect(throws: TrainingError.self) { try wrong.checkGroups(names) }
    #expect(error?.code == .badData)
    #expect("\(error as Any)".contains("'head.block.4.bios', which no parameter's name fits"))
    #expect("\(error as Any)".contains("did you mean head.block.4.bias?"))
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
