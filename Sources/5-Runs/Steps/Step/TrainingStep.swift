import DataParallel
import Datasets
import Difficulty
import Methods
import Networks
import Optimisers
import Reduction
import Torch

/// One optimiser step: teacher, student, difficulty, backward, sums over ranks, update.
///
/// Collective: BatchNorm's sums, the difficulty statistics and the gradients. It knows neither MPI nor
/// files: a run, `rdd parity` and the tests take the same step, with other parts.
package final class TrainingStep {
  /// What a step is made of.
  package struct Parts {
    /// The network that is trained.
    package let student: any Model
    /// The frozen network that it learns from; nil for labels alone.
    package let teacher: Teacher?
    /// Distillation methods beside the task loss; nil if there are none.
    package let methods: MethodSuite?
    /// The parameters of student and methods.
    package let parameters: FlatParameters
    /// What sums the gradients over the ranks.
    package let exchange: any GradientExchange
    /// What computes losses and difficulty.
    package let loss: any LossEngine
    /// What moves the parameters.
    package let update: any Update
    /// Small sums over the ranks: BatchNorm, thresholds, denominators, reported losses.
    package let reducer: any Reducer

    /// Parts that belong together: the parameters are those of the student and the methods, the exchange
    /// has their gradients.
    package init(
      student: any Model, teacher: Teacher?, methods: MethodSuite? = nil,
      parameters: FlatParameters, exchange: any GradientExchange, loss: any LossEngine,
      update: any Update, reducer: any Reducer
    ) {
      self.student = student
      self.teacher = teacher
      self.methods = methods
      self.parameters = parameters
      self.exchange = exchange
      self.loss = loss
      self.update = update
      self.reducer = reducer
    }
  }

  /// Why an update is left out.
  package enum Omission: String {
    case notFinite = "loss or gradient not finite"
    case emptyMask = "an empty mask, by whose size the published scripts divide"
  }

  /// What a step did; equal on all ranks but for times and, with local statistics, for counts
  /// and thresholds.
  package struct Report {
    /// Losses and statistics; with the methods, the loss is the sum of all.
    package var result: DifficultyResult
    /// The methods' terms, by name, without the methods' weights.
    package var terms: [(name: String, value: Double)]
    /// Which loss counted.
    package var stage: Stage
    /// The Euclidean norm of the summed gradients.
    package var gradientNorm: Double
    /// Why the update was left out; nil if it was not.
    package var omission: Omission?
    /// Whether all parameters are finite; once they are not, no update heals them.
    package var weightsAreFinite: Bool
    /// Labelled pixels of the global batch.
    package var validPixels: Int64
    /// Parameters and levels with a gradient beyond the finest grid.
    package var coarseSums: Int
    /// Small sums that were added again, on another grid.
    package var repeatedSums: Int
    /// Whether the published scripts would have ended here; false unless the recipe is strict.
    package var endsOfficially: Bool
    /// The phases, in order. The next batch's teacher is among them where it runs ahead.
    package var spans: [PhaseSpan]
    /// What happened to each bucket of gradients.
    package var buckets: [BucketEvent]
    /// Seconds inside the small collectives (statistics, BatchNorm), which are parts of the phases.
    package var collectiveSeconds: Double

    /// Seconds of each phase.
    package var phases: PhaseTimes {
      spans.reduce(into: [:]) { $0[$1.phase, default: 0] += $1.seconds }
    }

    /// Seconds of all phases together.
    package var seconds: Double { spans.reduce(0) { $0 + $1.seconds } }
  }

  private let plan: StepPlan
  private let parts: Parts
  /// What tells the exchange of each finished gradient.
  private let hooks: [GradientHook]

  /// A step that follows a plan. It puts a hook on each parameter, which tells the exchange when a
  /// gradient is final: make one step for a set of parameters.
  package init(_ plan: StepPlan, _ parts: Parts) {
    self.plan = plan
    self.parts = parts
    let (parameters, exchange) = (parts.parameters, parts.exchange)
    hooks = parameters.places.enumerated().map { index, place in
      place.parameter.onGradient {
        parameters.handOver(place)
        exchange.ready(index)
      }
    }
  }

  deinit { hooks.forEach { $0.remove() } }

  /// The learning rate of an iteration.
  package func rate(_ iteration: Int) -> Double { plan.learningRate.rate(iteration) }

  /// Whether the teacher may see the next batch early: not if a batch moves its BatchNorm statistics.
  var teachesAhead: Bool {
    plan.teachesAhead && parts.teacher != nil
      && !(parts.methods?.needs.contains(.adaptation) ?? false)
  }

  /// Asks the teacher about an iteration's batch. Collective if `teachesAhead` is false.
  package func lesson(on batch: Batch, iteration: Int) -> Lesson {
    let images = batch.imageTensor.to(parts.student.parameterType, device: parts.student.device)
    return Lesson(
      batch, images: images, taught: taught(images, batch.positions, iteration: iteration))
  }

  /// What the teacher says about images `[n, 3, H, W]` at these places of an iteration's global batch; nil
  /// without a teacher. Collective if `teachesAhead` is false.
  package func taught(
    _ images: Tensor, _ positions: Range<Int>, iteration: Int
  ) -> SegmentationOutput? {
    let adapts = parts.methods?.adaptsTeacher(iteration) ?? false
    return parts.teacher.map {
      adapts ? $0.adapting(images, training(positions, iteration, dropout: false)) : $0(images)
    }
  }

  private func training(
    _ positions: Range<Int>, _ iteration: Int, dropout: Bool, isTwiceDifferentiable: Bool = false
  ) -> Pass.Training {
    Pass.Training(
      reducer: parts.reducer, seed: plan.seed, iteration: iteration, positions: positions,
      dropout: dropout, isTwiceDifferentiable: isTwiceDifferentiable)
  }

  /// Runs one iteration on this rank's images. Collective.
  ///
  /// - Parameters:
  ///   - lesson: this rank's images and what the teacher says.
  ///   - clock: of this iteration; data and teacher are on it already.
  ///   - meanwhile: runs once backward has ended, while gradients are still on their way. It
  ///     touches neither the student nor its gradients.
  package func run(
    _ lesson: Lesson, _ clock: PhaseClock, meanwhile: (inout PhaseClock) -> Void = { _ in }
  ) -> Report {
    var clock = clock
    let iteration = clock.iteration
    let collectivesBefore = collectiveSeconds
    let repetitionsBefore = ExactSum.repetitions
    parts.parameters.beginSums()
    let (result, terms) = backward(lesson, &clock)
    meanwhile(&clock)
    parts.exchange.wait()
    let sums = parts.parameters.takeSums(parts.reducer)
    clock.end(.communication)
    // All ranks hold the same sums, so all of them decide alike.
    let norm = sums.isFinite ? parts.parameters.buffers.gradientNorm() : .nan
    let official = officialFailures(result.statistics)
    var omission: Omission?
    if official.emptyMask { omission = .emptyMask }
    if !(norm.isFinite && result.loss.isFinite) { omission = .notFinite }
    var weightsAreFinite = true
    if omission == nil {
      weightsAreFinite = parts.update(
        parts.parameters.buffers, rate: rate(iteration), norm: norm)
    } else if !parts.parameters.isExact {
      parts.parameters.gradients.fill(0)
    }
    clock.end(.update)
    return Report(
      result: result, terms: terms, stage: plan.objective.stage(iteration), gradientNorm: norm,
      omission: omission, weightsAreFinite: weightsAreFinite,
      validPixels: validPixels(result.statistics), coarseSums: sums.coarse,
      repeatedSums: ExactSum.repetitions - repetitionsBefore, endsOfficially: official.end,
      spans: clock.spans,
      buckets: parts.exchange.events,
      collectiveSeconds: collectiveSeconds - collectivesBefore)
  }

  /// The student's pass, the losses, and their gradients. Collective.
  private func backward(
    _ lesson: Lesson, _ clock: inout PhaseClock
  ) -> (result: DifficultyResult, terms: [(name: String, value: Double)]) {
    let (iteration, positions) = (clock.iteration, lesson.positions)
    let (student, methods) = (parts.student, parts.methods)
    let pass = Pass.training(
      training(positions, iteration, dropout: plan.dropout), precision: plan.precision)
    let seen =
      plan.fgsm > 0
      ? FastGradientSign.moved(
        lesson.images, labels: lesson.labelTensor, student, levels: plan.fgsm)
      : lesson.images
    let output = student(seen, pass, withStages: methods?.needs.contains(.stages) ?? false)
    clock.end(.student)
    let imageCount = plan.statistics == .global ? plan.batchSize : positions.count
    let options = plan.objective.options(iteration, imageCount: imageCount)
    var (result, gradients) = parts.loss.evaluate(
      student: output.heads, teacher: lesson.taught?.heads, labels: lesson.labels,
      firstImage: positions.lowerBound, globalImageCount: plan.batchSize,
      options: plan.scope == .distill ? options.withoutDifficulty : options,
      reducer: parts.reducer)
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
      let outcome = methods.evaluate(
        MethodStep(
          iteration: iteration, positions: positions, batchSize: plan.batchSize,
          images: lesson.images, labels: lesson.labelTensor, student: output,
          teacher: lesson.taught, difficulty: map(output, lesson, options),
          reducer: parts.reducer, passes: passes(pass, positions, iteration)))
      if outcome.root.requiresGradient { roots.append((outcome.root, nil)) }
      result.loss += outcome.loss
      terms = outcome.terms
      clock.end(.methods)
    }
    Autograd.backward(roots)
    clock.end(.backward)
    return (result, terms)
  }

  /// The difficulty map of this rank's pixels on the grid of the logits, `[n, h, w]`, for methods; nil
  /// where the scope is the task loss. Collective.
  ///
  /// TFE's weights are computed on that grid; of TSE's mask the nearest pixels are taken.
  private func map(
    _ output: SegmentationOutput, _ lesson: Lesson, _ options: DifficultyOptions
  ) -> Tensor? {
    guard plan.scope != .task, plan.usesDifficulty, let taught = lesson.taught else { return nil }
    // The thresholds are those of the whole batch; the gradients that come with them are not used.
    var plain = options
    plain.distillationWeight = 0
    let statistics = parts.loss.evaluate(
      student: output.heads, teacher: taught.heads, labels: lesson.labels,
      firstImage: lesson.positions.lowerBound, globalImageCount: plan.batchSize, options: plain,
      reducer: parts.reducer
    ).result.statistics
    let maps = parts.loss.maps(
      student: output.heads, teacher: taught.heads, labels: lesson.labels, options: options)
    let grid = DifficultyGrid(
      imageCount: lesson.positions.count, low: (output.logits.size(2), output.logits.size(3)),
      full: (lesson.images.size(2), lesson.images.size(3)))
    return Tensor(grid.values(maps, statistics, options), grid.shape)
      .to(output.logits.type, device: output.logits.device)
  }

  /// Labelled pixels of the global batch. Collective with local statistics, which are a rank's own.
  private func validPixels(_ statistics: DifficultyStatistics) -> Int64 {
    guard plan.statistics == .local else { return statistics.validCount }
    var count = [statistics.validCount]
    parts.reducer.sum(&count)
    return count[0]
  }

  /// What the published scripts would not survive on some rank; nothing unless the recipe is
  /// strict. Collective then: with local statistics each rank has its own.
  private func officialFailures(
    _ statistics: DifficultyStatistics
  ) -> (end: Bool, emptyMask: Bool) {
    guard plan.isStrict else { return (false, false) }
    var ranks: [Int64] = [statistics.fallback ? 1 : 0, statistics.emptyMask ? 1 : 0]
    parts.reducer.sum(&ranks)
    return (ranks[0] > 0, ranks[1] > 0)
  }

  /// What methods run over images of their own.
  private func passes(
    _ pass: Pass, _ positions: Range<Int>, _ iteration: Int
  ) -> MethodStep.Passes {
    let (student, teacher, precision) = (parts.student, parts.teacher, plan.precision)
    let twice = training(positions, iteration, dropout: false, isTwiceDifferentiable: true)
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

  private var collectiveSeconds: Double { parts.reducer.seconds }

  /// Gives back what the exchange of the gradients holds. Collective.
  package func close() throws { try parts.exchange.close() }
}

extension SegmentationOutput {
  /// The two heads' logits.
  var heads: TaskLoss.Heads { TaskLoss.Heads(main: logits, auxiliary: auxiliaryLogits) }
}
