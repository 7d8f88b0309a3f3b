import DataParallel
import Datasets
import Difficulty
import Methods
import Networks
import Recipes
import Reduction
import Torch

/// One optimiser step: teacher, student, difficulty, backward, sums over ranks, update.
///
/// Collective: BatchNorm's sums, the difficulty statistics and the gradients.
final class TrainingStep {
  /// Why an update is left out.
  enum Omission: String {
    case notFinite = "loss or gradient not finite"
    case emptyMask = "an empty mask, by whose size the published scripts divide"
  }

  /// What a step did.
  struct Report {
    var result: DifficultyResult
    /// The methods' terms, by name, without the methods' weights.
    var terms: [(name: String, value: Double)]
    var stage: Stage
    /// The Euclidean norm of the summed gradients.
    var gradientNorm: Double
    /// Why the update was left out; nil if it was not.
    var omission: Omission?
    /// Whether all parameters are finite; once they are not, no update heals them.
    var weightsAreFinite: Bool
    /// Labelled pixels of the global batch.
    var validPixels: Int64
    /// Parameters and levels with a gradient beyond the finest grid.
    var coarseSums: Int
    /// Small sums that were added again, on another grid.
    var repeatedSums: Int
    /// Whether the published scripts would have ended here; false unless the recipe is strict.
    var endsOfficially: Bool
    /// The phases, in order. The next batch's teacher is among them where it runs ahead.
    var spans: [PhaseSpan]
    /// What happened to each bucket of gradients.
    var buckets: [BucketEvent]
    /// Seconds inside the small collectives (statistics, BatchNorm), which are parts of the phases.
    var collectiveSeconds: Double

    /// Seconds of each phase.
    var phases: PhaseTimes {
      spans.reduce(into: [:]) { $0[$1.phase, default: 0] += $1.seconds }
    }

    /// Seconds of all phases together.
    var seconds: Double { spans.reduce(0) { $0 + $1.seconds } }
  }

  /// A batch and what the teacher says about it, which the student's weights do not change.
  struct Lesson {
    let batch: Batch
    /// `[n, 3, H, W]` where the networks are.
    let images: Tensor
    /// nil without a teacher.
    let taught: SegmentationOutput?
  }

  let recipe: Recipe
  private let objective: Objective
  private let student: SegmentationNetwork
  private let teacher: Teacher?
  private let methods: MethodSuite?
  private let parameters: FlatParameters
  private let buckets: GradientBuckets
  let loss: TaskLoss
  private let optimiser: SGD
  private let schedule: PolynomialSchedule
  let reducer: any Reducer
  /// Told of every step by the loop.
  var labels: LabelWatch
  private let precision: Torch.ElementType
  private let device: Device

  init(
    _ recipe: Recipe, student: SegmentationNetwork, teacher: Teacher?, methods: MethodSuite?,
    parameters: FlatParameters, coordinator: Coordinator, device: Device
  ) throws {
    self.recipe = recipe
    self.student = student
    self.teacher = teacher
    self.methods = methods
    self.parameters = parameters
    self.device = device
    objective = Objective(recipe)
    labels = LabelWatch(recipe)
    precision = recipe.train.precision.elementType
    reducer = coordinator.reducer
    loss = TaskLoss(
      engine: recipe.lossEngine, threadCount: coordinator.threadCount)
    optimiser = SGD(momentum: recipe.train.momentum, weightDecay: recipe.train.weightDecay)
    schedule = PolynomialSchedule(
      base: recipe.train.learningRate, iterations: recipe.train.iterations,
      power: recipe.train.polyPower)
    let buckets = try GradientBuckets(
      gradients: parameters.gradientBuffers(), bucketBytes: recipe.train.bucketMebibytes << 20,
      communicator: coordinator.world.communicator,
      wire: recipe.train.wire)
    for (index, place) in parameters.places.enumerated() {
      place.parameter.onGradient {
        parameters.handOver(place)
        buckets.ready(index)
      }
    }
    self.buckets = buckets
  }

  /// The learning rate of an iteration.
  func rate(_ iteration: Int) -> Double { schedule.rate(iteration) }

  /// Whether the teacher may see the next batch early: not if a batch moves its norms.
  var teachesAhead: Bool {
    recipe.teacher.ahead && teacher != nil && !(methods?.needs.contains(.adaptation) ?? false)
  }

  /// Asks the teacher about an iteration's batch. Collective if `teachesAhead` is false.
  func lesson(on batch: Batch, iteration: Int) -> Lesson {
    let images = batch.imageTensor.to(student.parameterType, device: device)
    let adapts = methods?.adaptsTeacher(iteration) ?? false
    let taught = teacher.map {
      adapts ? $0.adapting(images, training(batch, iteration, dropout: false)) : $0(images)
    }
    return Lesson(batch: batch, images: images, taught: taught)
  }

  private func training(
    _ batch: Batch, _ iteration: Int, dropout: Bool, isTwiceDifferentiable: Bool = false
  ) -> Pass.Training {
    Pass.Training(
      reducer: reducer, seed: UInt64(recipe.train.seed), iteration: iteration,
      positions: batch.positions, dropout: dropout, isTwiceDifferentiable: isTwiceDifferentiable)
  }

  /// Runs one iteration on this rank's images. Collective.
  ///
  /// - Parameters:
  ///   - lesson: this rank's batch.
  ///   - clock: of this iteration; data and teacher are on it already.
  ///   - meanwhile: runs once backward has ended, while gradients are still on their way. It
  ///     touches neither the student nor its gradients.
  func run(
    _ lesson: Lesson, _ clock: PhaseClock, meanwhile: (inout PhaseClock) -> Void
  ) -> Report {
    var clock = clock
    let iteration = clock.iteration
    let (batch, images, taught) = (lesson.batch, lesson.images, lesson.taught)
    let collectivesBefore = collectiveSeconds
    let repetitionsBefore = ExactSum.repetitions
    parameters.beginSums()
    let pass = Pass.training(
      training(batch, iteration, dropout: recipe.student.dropout), precision: precision)
    let fgsm = recipe.train.fgsm
    let seen =
      fgsm > 0
      ? FastGradientSign.moved(images, labels: batch.labelTensor(device), student, levels: fgsm)
      : images
    let output = student(
      seen, pass, withStages: methods?.needs.contains(.stages) ?? false)
    clock.end(.student)
    let isGlobal = recipe.distill.difficulty.statistics == .global
    let imageCount = isGlobal ? recipe.train.batchSize : batch.positions.count
    let options = objective.options(iteration, imageCount: imageCount)
    var (result, gradients) = loss.evaluate(
      student: output.heads, teacher: taught?.heads, labels: batch.labelView,
      firstImage: batch.positions.lowerBound, globalImageCount: recipe.train.batchSize,
      options: recipe.distill.scope == .distill ? options.withoutDifficulty : options,
      reducer: reducer)
    clock.end(.difficulty)
    if methods?.replacesTask ?? false {
      gradients.main.fill(0)
      gradients.auxiliary?.fill(0)
      result.loss = 0
    }
    var roots: [(output: Tensor, gradient: Tensor?)] = [(output.logits, gradients.main)]
    if let logits = output.auxiliaryLogits { roots.append((logits, gradients.auxiliary)) }
    var terms: [(name: String, value: Double)] = []
    if let methods {
      let step = MethodStep(
        iteration: iteration, positions: batch.positions, batchSize: recipe.train.batchSize,
        images: images, labels: batch.labelTensor(device), student: output, teacher: taught,
        difficulty: map(output, taught, batch, options), reducer: reducer,
        passes: passes(pass, batch, iteration))
      let outcome = methods.evaluate(step)
      if outcome.root.requiresGradient { roots.append((outcome.root, nil)) }
      result.loss += outcome.loss
      terms = outcome.terms
      clock.end(.methods)
    }
    Autograd.backward(roots)
    clock.end(.backward)
    meanwhile(&clock)
    buckets.wait()
    let sums = parameters.takeSums(reducer)
    clock.end(.communication)
    // All ranks hold the same sums, so all of them decide alike.
    let norm = sums.isFinite ? parameters.gradientNorm() : .nan
    let official = officialFailures(result.statistics)
    var omission: Omission?
    if official.emptyMask { omission = .emptyMask }
    if !(norm.isFinite && result.loss.isFinite) { omission = .notFinite }
    var weightsAreFinite = true
    if omission == nil {
      weightsAreFinite = optimiser.update(parameters, rate: schedule.rate(iteration))
    } else if !parameters.isExact {
      parameters.gradients.fill(0)
    }
    clock.end(.update)
    return Report(
      result: result, terms: terms, stage: objective.stage(iteration), gradientNorm: norm,
      omission: omission, weightsAreFinite: weightsAreFinite,
      validPixels: validPixels(result.statistics), coarseSums: sums.coarse,
      repeatedSums: ExactSum.repetitions - repetitionsBefore, endsOfficially: official.end,
      spans: clock.spans,
      buckets: buckets.events,
      collectiveSeconds: collectiveSeconds - collectivesBefore)
  }

  /// Labelled pixels of the global batch. Collective with local statistics, which are a rank's own.
  private func validPixels(_ statistics: DifficultyStatistics) -> Int64 {
    guard recipe.distill.difficulty.statistics == .local else { return statistics.validCount }
    var count = [statistics.validCount]
    reducer.sum(&count)
    return count[0]
  }

  /// What the published scripts would not survive on some rank; nothing unless the recipe is
  /// strict. Collective then: with local statistics each rank has its own.
  private func officialFailures(
    _ statistics: DifficultyStatistics
  ) -> (end: Bool, emptyMask: Bool) {
    guard recipe.distill.strictOfficial else { return (false, false) }
    var ranks: [Int64] = [statistics.fallback ? 1 : 0, statistics.emptyMask ? 1 : 0]
    reducer.sum(&ranks)
    return (ranks[0] > 0, ranks[1] > 0)
  }

  /// What methods run over images of their own.
  private func passes(_ pass: Pass, _ batch: Batch, _ iteration: Int) -> MethodStep.Passes {
    let (student, teacher, precision) = (student, teacher, precision)
    let twice = training(batch, iteration, dropout: false, isTwiceDifferentiable: true)
    return MethodStep.Passes(
      student: { student($0, pass) },
      evaluated: { images in
        Autograd.withoutHistory { student(images, .evaluation(precision: precision)) }
      },
      teacher: { images in
        guard let teacher else {
          preconditionFailure("TrainingStep: no teacher; expected one where methods need passes")
        }
        return teacher(images)
      },
      studentGraph: { images, byBatch in
        let precision = images.type
        return student(
          images,
          byBatch ? .training(twice, precision: precision) : .evaluation(precision: precision)
        ).logits
      },
      teacherGraph: { teacher?.graph($0) ?? MethodStep.Passes.missing() })
  }

  private var collectiveSeconds: Double { (reducer as? RankReducer)?.seconds ?? 0 }

  /// Gives the communicator of the gradients back. Collective.
  func close() throws { try buckets.close() }
}

extension SegmentationNetwork {
  /// The type of the parameters: float32, or float64 in tests.
  var parameterType: Torch.ElementType { state.entries[0].tensor.type }
}

extension SegmentationOutput {
  /// The two heads' logits.
  var heads: TaskLoss.Heads { TaskLoss.Heads(main: logits, auxiliary: auxiliaryLogits) }
}

extension Batch {
  /// The images `[n, 3, H, W]` in this batch's memory, which the tensor keeps.
  var imageTensor: Tensor {
    guard let base = images.baseAddress else {
      preconditionFailure("Batch: no images; expected at least one a rank")
    }
    return Tensor.over(
      base, [positions.count, 3, crop.height, crop.width], .float32, owner: self)
  }

  /// A copy of the labels `[n, H, W]`, int64.
  func labelTensor(_ device: Device) -> Tensor {
    Tensor(Array(labels), [positions.count, crop.height, crop.width]).to(.int64, device: device)
  }

  /// The labels `[n, H, W]` in this batch's memory.
  var labelView: TaskLoss.Labels {
    TaskLoss.Labels(
      UnsafeBufferPointer(labels), imageCount: positions.count, height: crop.height,
      width: crop.width)
  }
}

extension Recipe {
  /// The loss engine: float64 runs are computed operator by operator.
  var lossEngine: TaskLoss.Engine {
    distill.engine == .reference || train.precision == .float64 ? .reference : .fused
  }
}
