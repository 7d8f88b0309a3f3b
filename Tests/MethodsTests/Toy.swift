import DataParallel
import Difficulty
import Foundation
import Methods
import Networks
import Randomness
import Reduction
import Torch
import Training
import WeightFiles

/// Networks of a few hundred weights with all that methods read: features, two heads, a norm over all
/// ranks.
final class ToyNetwork: @unchecked Sendable {
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
    stem = Convolution(scope("stem"), 3, 8, kernel: 4, stride: 4, start: .head)
    norm = BatchNorm(scope("norm"), 8)
    middle = Convolution(scope("middle"), 8, width, kernel: 1, start: .head)
    classifier = Convolution(
      scope("classifier"), width, Toy.classes, kernel: 1, bias: true, start: .head)
    auxiliary = Convolution(scope("auxiliary"), 8, Toy.classes, kernel: 1, bias: true, start: .head)
  }

  func callAsFunction(_ images: Tensor, _ pass: Pass) -> SegmentationOutput {
    let first = stem(images)
    let early = norm(first, pass, .relu)
    let feature = middle(early).relu
    return SegmentationOutput(
      logits: classifier(feature) * 3, auxiliaryLogits: auxiliary(early) * 3, feature: feature,
      stages: [first, early, feature])
  }
}

/// A small run of methods beside RDD's task loss.
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
    var outcome = Outcome()
    for iteration in done + 1...done + steps {
      step(iteration, range, student, teacher, suite, entries, reducer, &outcome)
    }
    outcome.state = entries.map { $0.tensor.detached.array(Double.self) }
    outcome.teacherIsUnchanged = before == kept.map { $0.tensor.array(Double.self) }
    return outcome
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

  private func step(
    _ iteration: Int, _ range: Range<Int>, _ student: ToyNetwork, _ teacher: ToyNetwork,
    _ suite: MethodSuite?, _ entries: [StateDict.Entry], _ reducer: any Reducer,
    _ outcome: inout Outcome
  ) {
    let images = Self.images(iteration).narrowed(0, range).clone()
    let labels = Self.labels(iteration)
    let side = Self.size * Self.size
    let own = Array(labels[range.lowerBound * side..<range.upperBound * side])
    let training = Pass.training(
      .init(reducer: reducer, seed: 1, iteration: iteration, positions: range, dropout: false),
      precision: .float64)
    let evaluation = Pass.evaluation(precision: .float64)
    let twice = Pass.training(
      .init(
        reducer: reducer, seed: 1, iteration: iteration, positions: range, dropout: false,
        isTwiceDifferentiable: true), precision: .float64)
    let adapts = suite?.adaptsTeacher(iteration) ?? false
    let taught = Autograd.withoutHistory { teacher(images, adapts ? training : evaluation) }
    let output = student(images, training)
    var options = DifficultyOptions()
    options.distillationWeight = 0
    options.minimumKept = 40
    options.task =
      switch difficulty {
      case .off: .crossEntropy
      case .early: .teacherFull
      case .late: .teacherStudent
      }
    var roots: [(output: Tensor, gradient: Tensor?)] = []
    let map = own.withUnsafeBufferPointer { buffer -> Tensor? in
      let loss = TaskLoss(engine: .reference, threadCount: 1)
      let view = TaskLoss.Labels(
        buffer, imageCount: range.count, height: Self.size, width: Self.size)
      let heads = TaskLoss.Heads(main: output.logits, auxiliary: output.auxiliaryLogits)
      let others = TaskLoss.Heads(main: taught.logits, auxiliary: taught.auxiliaryLogits)
      let (result, gradients) = loss.evaluate(
        student: heads, teacher: others, labels: view, firstImage: range.lowerBound,
        globalImageCount: Self.batchSize,
        options: scope == .distill ? options.withoutDifficulty : options, reducer: reducer)
      if hasTask {
        roots = [(output.logits, gradients.main)]
        if let logits = output.auxiliaryLogits { roots.append((logits, gradients.auxiliary)) }
      }
      guard scope != .task, difficulty != .off else { return nil }
      let grid = DifficultyGrid(
        imageCount: range.count, low: (output.logits.size(2), output.logits.size(3)),
        full: (Self.size, Self.size))
      let statistics =
        scope == .distill
        ? loss.evaluate(
          student: heads, teacher: others, labels: view, firstImage: range.lowerBound,
          globalImageCount: Self.batchSize, options: options, reducer: reducer
        ).result.statistics : result.statistics
      let maps = loss.maps(student: heads, teacher: others, labels: view, options: options)
      return Tensor(grid.values(maps, statistics, options), grid.shape)
    }
    if let suite {
      let answer = suite.evaluate(
        MethodStep(
          iteration: iteration, positions: range, batchSize: Self.batchSize, images: images,
          labels: Tensor(own, [range.count, Self.size, Self.size]).to(.int64), student: output,
          teacher: taught, difficulty: map, reducer: reducer,
          passes: .init(
            student: { student($0, training) },
            evaluated: { images in Autograd.withoutHistory { student(images, evaluation) } },
            teacher: { images in Autograd.withoutHistory { teacher(images, evaluation) } },
            studentGraph: { student($0, $1 ? twice : evaluation).logits },
            teacherGraph: { teacher($0, evaluation).logits })))
      if answer.root.requiresGradient { roots.append((answer.root, nil)) }
      outcome.losses.append(answer.loss)
      if outcome.first.isEmpty {
        outcome.first = Dictionary(answer.terms.map { ($0.name, $0.value) }) { $1 }
      }
    }
    Autograd.backward(roots)
    for entry in entries where entry.role == .parameter {
      var gradient =
        entry.tensor.gradient?.array(Double.self)
        ?? [Double](repeating: 0, count: entry.tensor.count)
      reducer.sum(&gradient)
      if entry.name == probe { outcome.slope = gradient[0] }
      Autograd.withoutHistory {
        entry.tensor.add(Tensor(gradient, entry.tensor.shape), times: -rate)
      }
      entry.tensor.gradient = nil
    }
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
