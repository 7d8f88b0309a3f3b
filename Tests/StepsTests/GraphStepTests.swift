import DataParallel
import Datasets
import Difficulty
import Files
import Foundation
import Methods
import Networks
import Recipes
import Reduction
import Steps
import TestSupport
import Testing
import Torch
import WeightFiles

/// Networks of ONNX files in a recipe: where they come from, and the steps that they take.
@Suite(.serialized) struct GraphStepTests {
  /// RDD's two stages on five scenes of 32 x 48: a step of TFE and one of TSE.
  private static func recipe(
    student: String = "realtime_export", teacher: String = "plain_export",
    _ changes: (inout Recipe) throws -> Void
  ) rethrows -> Recipe {
    var recipe = Recipe()
    recipe.data.scenes.height = 32
    recipe.data.scenes.width = 48
    recipe.data.scenes.trainCount = 5
    recipe.data.cropHeight = 32
    recipe.data.cropWidth = 48
    recipe.data.classCount = 11
    recipe.data.augment = false
    recipe.student.network = graph(student)
    recipe.teacher.network = graph(teacher)
    recipe.train.batchSize = 3
    recipe.train.iterations = 2
    recipe.distill.warmupIterations = 2
    recipe.distill.ohem.minimumKept = 900
    try changes(&recipe)
    return recipe
  }

  private static func graph(_ name: String) -> Architecture {
    .graph(Repository.fixture("onnx/\(name).onnx"))
  }

  private struct Outcome: Sendable, Equatable {
    var losses: [Double] = []
    var weights: [[UInt32]] = []
  }

  /// The steps of one rank.
  private static func run(_ recipe: Recipe, _ reducer: any Reducer) throws -> Outcome {
    let positions = Shard.range(
      of: recipe.train.batchSize, rank: reducer.rank, worldSize: reducer.worldSize)
    let student = try NetworkFactory.student(recipe)
    let teacher = try NetworkFactory.teacher(recipe)
    let methods = try recipe.methods(student, teacher)
    let parameters = FlatParameters(
      student, methods, for: recipe.optimiser, exactSums: recipe.train.addsExactly,
      isAlone: reducer.worldSize == 1)
    let step = TrainingStep(
      StepPlan(recipe),
      TrainingStep.Parts(
        student: student,
        teacher: teacher.map { Teacher($0, recipe, methods?.needs ?? [], teaching: student) },
        methods: methods, parameters: parameters,
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
      let lesson = step.lesson(on: try loader.next(), iteration: iteration)
      outcome.losses.append(step.run(lesson, PhaseClock(iteration: iteration)).result.loss)
    }
    outcome.weights = student.state.entries.map {
      $0.tensor.detached.array(Float.self).map(\.bitPattern)
    }
    return outcome
  }

  private static func run(_ recipe: Recipe, ranks: Int = 1) throws -> Outcome {
    let parts = SimulatedRanks.run(ranks) { reducer in Result { try run(recipe, reducer) } }
    let outcomes = try parts.map { try $0.get() }
    for other in outcomes { #expect(other == outcomes[0], "ranks differ") }
    return outcomes[0]
  }

  /// The weights' bits are those of one rank, and all losses are numbers that learning changes.
  @Test(arguments: [
    "rdd", "kd", "none", "a student of the zoo", "a teacher of the zoo", "features",
    "other classes",
  ])
  func ranksChangeNoBit(_ name: String) throws {
    let recipe = try Self.recipe { recipe in
      switch name {
      case "none": recipe.distill.method = .none
      case "a student of the zoo":
        recipe.student.network = "lraspp_mobilenetv3"
        recipe.distill.method = .kd
      case "a teacher of the zoo":
        recipe.teacher.network = "deeplabv3_resnet18"
        recipe.teacher.fromSeed = true
      case "features":
        recipe.student.network = Self.graph("plain")
        recipe.distill.methods = try Recipe.decode(
          yaml: "distill: {method: none, methods: [{name: at}]}", file: "recipe.yaml"
        ).distill.methods
      case "other classes":
        recipe.data.classCount = 6
        recipe.data.scenes.classes = .large
        recipe.student.network = "lraspp_mobilenetv3"
        recipe.teacher.classes.targets = [0, 1, 2, 3, 4, 5, nil, nil, 2, 2, 0]
      default: break
      }
    }
    let alone = try Self.run(recipe)
    #expect(alone.losses.count == 2 && alone.losses.allSatisfy { $0.isFinite && $0 > 0 })
    #expect(alone.losses[0] != alone.losses[1])
    for ranks in name == "rdd" ? [2, 3] : [3] {
      #expect(try Self.run(recipe, ranks: ranks) == alone, "\(ranks) ranks")
    }
  }

  /// What a recipe's networks are refused for, one line of code 65.
  private static func refusal(_ recipe: Recipe) throws -> String {
    let error = #expect(throws: TrainingError.self) { try NetworkFactory.teacher(recipe) }
    #expect(error?.code == .badData && error?.description.contains("\n") == false)
    return error?.description ?? ""
  }

  @Test func classesAndHeadsMustFit() throws {
    let other = try Self.refusal(Self.recipe { $0.data.classCount = 5 })
    #expect(other.contains("found logits of 11 classes; expected 5, those of the data; "))
    let single = try Self.refusal(Self.recipe(teacher: "vit") { _ in })
    #expect(single.contains("found logits alone; expected auxiliary logits too"))
    let named = try Self.refusal(Self.recipe { $0.teacher.outputs.names = ["auxiliary"] })
    #expect(named.contains("found logits alone"))
    let missing = Self.recipe { $0.teacher.network = .graph("/nowhere/net.onnx") }
    let error = #expect(throws: FileError.self) { try NetworkFactory.teacher(missing) }
    #expect(error?.exitCode == 66)
  }

  /// Logits may not be larger than images.
  @Test func logitsAreNotLargerThanImages() throws {
    try withTemporaryFolder { folder in
      let path = folder.appendingPathComponent("net.onnx")
      let graph = Proto.graph(
        [.node("Conv", ["x", "w"], ["z"]), .node("Resize", ["z", "", "twice"], ["y"])],
        [
          .floats("w", [11, 3, 1, 1], (0..<33).map(Float.init)),
          .floats("twice", [4], [1, 1, 2, 1]),
        ], inputs: [.value("x", ["n", 3, "h", "w"])])
      try Data(Proto.model(graph).bytes).write(to: path)
      let found = try Self.refusal(Self.recipe { $0.teacher.network = .graph(path.path) })
      #expect(found.contains("found logits of 64 x 48 for images of 32 x 48; expected at most as"))
    }
  }

  /// Features come from graphs whose classifier sees the grid of the logits; stages from none.
  @Test(arguments: [
    ("at", "teacher.network"), ("hkd", "student.network"), ("kdiga", "student.network"),
  ])
  func methodsThatGraphsCannotServe(_ name: String, _ key: String) throws {
    let recipe = try Self.recipe(student: "plain", teacher: "realtime_export") {
      $0.distill.methods = try Recipe.decode(
        yaml: "distill: {method: none, methods: [{name: \(name)}]}", file: "recipe.yaml"
      ).distill.methods
    }
    let (student, teacher) = (
      try NetworkFactory.student(recipe), try NetworkFactory.teacher(recipe)
    )
    let error = #expect(throws: MethodError.self) { try recipe.methods(student, teacher) }
    #expect(error?.description.contains("an ONNX file as \(key), which cannot give: ") == true)
  }

  /// Weights of another file take the place of the graph's, by name, and are noted in the hash.
  @Test func weightsCanBeReplaced() throws {
    try withTemporaryFolder { folder in
      let path = folder.appendingPathComponent("w.safetensors").path
      let recipe = Self.recipe { _ in }
      let own = try #require(try NetworkFactory.teacher(recipe))
      let tensors = own.state.entries.map { entry in
        StoredTensor(name: "model." + entry.name, entry.tensor * 0.5)
      }
      let counter = StoredTensor(
        name: "model.stem.0.1.num_batches_tracked", Tensor([Int64(3)], [1]))
      try AtomicFile().writeAtomically(TensorArchive(tensors: tensors + [counter]), to: path)
      let other = try #require(
        try NetworkFactory.teacher(Self.recipe { $0.teacher.weights = path }))
      for (mine, theirs) in zip(own.state.entries, other.state.entries) {
        #expect((mine.tensor * 0.5).array(Float.self) == theirs.tensor.array(Float.self))
        #expect(!theirs.tensor.requiresGradient)
      }
      #expect(own.hash != other.hash && own.hash.suffix(33) == other.hash.suffix(33))
      // A copy has the values, and moves by itself.
      let copy = other.copy()
      #expect(copy.hash == other.hash)
      Autograd.withoutHistory { copy.state.entries[0].tensor.add(copy.state.entries[0].tensor) }
      #expect(copy.hash != other.hash)
    }
  }

  /// Full-size logits of a teacher come on the student's grid, and the other way round.
  @Test func teachersAreSeenOnTheStudentsGrid() throws {
    let recipe = Self.recipe { $0.student.network = "lraspp_mobilenetv3" }
    let (student, teacher) = (
      try NetworkFactory.student(recipe), try #require(try NetworkFactory.teacher(recipe))
    )
    let images = Tensor.full([1, 3, 40, 52], 3)
    let plain = Teacher(teacher, recipe)(images)
    let seen = Teacher(teacher, recipe, teaching: student)(images)
    let logits = Autograd.withoutHistory { student(images, .evaluation()).logits }
    #expect(seen.logits.shape == logits.shape && seen.auxiliaryLogits?.shape == logits.shape)
    #expect(
      seen.logits.array(Float.self)
        == Functional.upsample(plain.logits, height: 5, width: 7).array(Float.self))
  }
}
