import DataParallel
import Difficulty
import Foundation
import Methods
import Networks
import Optimisers
import Randomness
import Recipes
import Reduction
import Steps
import Torch
import WeightFiles

/// Networks of a few hundred weights with all that methods read: features, two heads, a norm over all
/// ranks.
final class ToyNetwork: Model, @unchecked Sendable {
  let state = StateDict()
  let width: Int
  private let stem: Convolution
  private let norm: BatchNorm
  private let middle: Convolution
  private let classifier: Convolution
  private let auxiliary: Convolution

  init(width: Int, seed: UInt64, _ type: Torch.ElementType = .float64) {
    let scope = Scope(state: state, prefix: "", start: Initialisation(seed: seed, type: type))
    self.width = width
    stem = Convolution(scope("stem"), 3, 8, kernel: 4, Window(stride: 4), start: .head)
    norm = BatchNorm(scope("norm"), 8)
    middle = Convolution(scope("middle"), 8, width, kernel: 1, start: .head)
    classifier = Convolution(
      scope("classifier"), width, Toy.classes, kernel: 1, bias: true, start: .head)
    auxiliary = Convolution(scope("auxiliary"), 8, Toy.classes, kernel: 1, bias: true, start: .head)
  }

  func callAsFunction(_ images: Tensor, _ pass: Pass, withStages: Bool) -> SegmentationOutput {
    let first = stem(images)
    let early = norm(first, pass, .relu)
    let feature = middle(early).relu
    return SegmentationOutput(
      logits: classifier(feature) * 3, auxiliaryLogits: auxiliary(early) * 3, feature: feature,
      stages: [first, early, feature])
  }
}

/// A small run of methods beside RDD's task loss, by the step that runs take.
struct Toy: Sendable {
  static let classes = 4
  static let batchSize = 4
  static let size = 16

  /// What RDD does in a run.
  enum Difficulty: Sendable, CaseIterable { case off, early, late }
  /// What RDD's map multiplies.
  enum Scope: Sendable, CaseIterable { case task, distill, both }

  var methods: [ChosenMethod]
  var difficulty = Difficulty.off
  var scope = Scope.task
  var steps = 4
  var rate = 0.05
  /// Whether the task loss is part of the gradient.
  var hasTask = true
  /// The student's tensor whose first weight is shifted, and whose slope is told.
  var probe = "stem.weight"

  struct Outcome: Sendable, Equatable {
    /// The methods' weighted sum, step by step.
    var losses: [Double] = []
    /// The terms of the first step.
    var first: [String: Double] = [:]
    /// All tensors of the student and of the methods.
    var state: [[Double]] = []
    /// The gradient of the probe's first weight in the last step.
    var slope = 0.0
    /// The teacher's tensors before and after are the same bits.
    var teacherIsUnchanged = true
  }

  /// The outcome on so many ranks; equal on all of them.
  func run(ranks: Int) -> [Outcome] { SimulatedRanks.run(ranks) { run($0) } }

  /// The run of one rank.
  ///
  /// - Parameters:
  ///   - saved: tensors to begin with, after `done` steps.
  ///   - shift: what is added to the probe's first weight before the first step.
  func run(
    _ reducer: any Reducer, from saved: [[Double]]? = nil, done: Int = 0, shift: Double = 0
  ) -> Outcome {
    let range = Shard.range(
      of: Self.batchSize, rank: reducer.rank, worldSize: reducer.worldSize)
    let student = ToyNetwork(width: 6, seed: 1)
    let teacher = ToyNetwork(width: 10, seed: 2)
    let suite = suite(student, teacher)
    let entries = student.state.entries + (suite?.entries ?? [])
    Autograd.withoutHistory {
      for (entry, values) in zip(entries, saved ?? []) {
        entry.tensor.copy(from: Tensor(values, entry.tensor.shape))
      }
      student.state[probe]?.narrowed(0, 0..<1).narrowed(1, 0..<1).narrowed(2, 0..<1)
        .narrowed(3, 0..<1).add(Tensor([shift], [1, 1, 1, 1]))
    }
    let adapts = suite?.adaptsTeacher(done + 1) ?? false
    let kept = teacher.state.entries.filter { !adapts || $0.role == .parameter }
    let before = kept.map { $0.tensor.array(Double.self) }
    let parameters = FlatParameters(student, suite)
    let noted = NotingUpdate(probe)
    let step = TrainingStep(
      StepPlan(recipe),
      TrainingStep.Parts(
        student: student, teacher: .eager(teacher, precision: .float64, withStages: true),
        methods: suite, parameters: parameters,
        exchange: ReducerExchange(parameters.gradientBuffers(), reducer),
        loss: ToyLoss(hasTask: hasTask), update: noted, reducer: reducer))
    var outcome = Outcome()
    for iteration in done + 1...done + steps {
      let report = step.run(lesson(step, iteration, range), PhaseClock(iteration: iteration))
      if suite != nil { outcome.losses.append(report.result.loss) }
      if outcome.first.isEmpty {
        outcome.first = Dictionary(report.terms.map { ($0.name, $0.value) }) { $1 }
      }
    }
    outcome.slope = noted.slope
    outcome.state = entries.map { $0.tensor.detached.array(Double.self) }
    outcome.teacherIsUnchanged = before == kept.map { $0.tensor.array(Double.self) }
    return outcome
  }

  private var recipe: Recipe {
    var recipe = Recipe()
    recipe.train.batchSize = Self.batchSize
    recipe.train.iterations = 1000
    recipe.train.precision = .float64
    recipe.train.learningRate = rate
    recipe.train.polyPower = 0
    recipe.student.dropout = false
    recipe.distill.method = difficulty == .off ? .none : .rdd
    recipe.distill.warmupIterations = difficulty == .early ? 1000 : 0
    recipe.distill.scope =
      switch scope {
      case .task: .task
      case .distill: .distill
      case .both: .both
      }
    recipe.distill.difficulty.distillationWeight = 0
    recipe.distill.ohem.minimumKept = 40
    return recipe
  }

  private func lesson(_ step: TrainingStep, _ iteration: Int, _ range: Range<Int>) -> Lesson {
    let images = Self.images(iteration).narrowed(0, range).clone()
    let side = Self.size * Self.size
    return Lesson(
      positions: range, images: images,
      labels: Array(Self.labels(iteration)[range.lowerBound * side..<range.upperBound * side]),
      taught: step.taught(images, range, iteration: iteration))
  }

  private func suite(_ student: ToyNetwork, _ teacher: ToyNetwork) -> MethodSuite? {
    var setting = MethodSetting(
      classCount: Self.classes, student: .init(featureWidth: 6, hasAuxiliary: true),
      teacher: .init(featureWidth: 10, hasAuxiliary: true), batchSize: Self.batchSize,
      iterations: 20, seed: 7, type: .float64)
    setting.teacherBuffers = teacher.state.entries.filter { $0.role == .buffer }
    setting.changedTeacher = { change in
      let copy = ToyNetwork(width: 10, seed: 2)
      change(copy.state)
      return { images in
        Autograd.withoutHistory { copy(images, .evaluation(precision: .float64)) }
      }
    }
    do {
      return try MethodSuite(methods, setting)
    } catch { fatalError("\(error)") }
  }

  /// All ranks' images of an iteration.
  private static func images(_ iteration: Int) -> Tensor {
    var random = CounterRandom(.test, seed: 11, iteration)
    let count = batchSize * 3 * size * size
    return Tensor((0..<count).map { _ in random.normal() }, [batchSize, 3, size, size])
  }

  /// All ranks' labels: blocks of classes; the third image is ignored as a whole.
  private static func labels(_ iteration: Int) -> [UInt8] {
    var random = CounterRandom(.test, seed: 12, iteration)
    let blocks = (0..<batchSize * 16).map { _ in
      random.integer(below: 6) == 0 ? UInt8(255) : UInt8(random.integer(below: classes))
    }
    return (0..<batchSize * size * size).map { index in
      let (image, y, x) = (index / (size * size), index / size % size, index % size)
      return image == 2 ? 255 : blocks[image * 16 + y / 4 * 4 + x / 4]
    }
  }
}

/// The reference engine, whose loss is left out of the sum: what remains is that of the methods.
private struct ToyLoss: LossEngine {
  let engine = TaskLoss(engine: .reference, threadCount: 1)
  /// Whether the task loss is part of the gradient.
  let hasTask: Bool

  init(hasTask: Bool) { self.hasTask = hasTask }

  func evaluate(
    student: TaskLoss.Heads, teacher: TaskLoss.Heads?, labels: TaskLoss.Labels, firstImage: Int,
    globalImageCount: Int, options: DifficultyOptions, reducer: any Reducer
  ) -> TaskLoss.Outcome {
    var (result, gradients) = engine.evaluate(
      student: student, teacher: teacher, labels: labels, firstImage: firstImage,
      globalImageCount: globalImageCount, options: options, reducer: reducer)
    result.loss = 0
    if !hasTask {
      gradients.main.fill(0)
      gradients.auxiliary?.fill(0)
    }
    return (result, gradients)
  }

  func maps(
    student: TaskLoss.Heads, teacher: TaskLoss.Heads, labels: TaskLoss.Labels,
    options: DifficultyOptions
  ) -> LossMaps {
    engine.maps(student: student, teacher: teacher, labels: labels, options: options)
  }
}

/// Plain gradient descent that notes the gradient of a tensor's first weight.
private final class NotingUpdate: Update {
  private let probe: String
  private(set) var slope = 0.0

  init(_ probe: String) { self.probe = probe }

  func callAsFunction(_ flat: FlatBuffers, rate: Double, norm: Double) -> Bool {
    if let place = flat.places.first(where: { $0.name == probe }) {
      slope = flat.gradients.array(Double.self)[place.range.lowerBound]
    }
    return ParameterUpdate(SGD(momentum: 0), weightDecay: 0)(flat, rate: rate, norm: norm)
  }
}
