import Datasets
import Dispatch
import Logging
import Methods
import Networks
import Recipes
import Torch
import WeightFiles

/// Runs a recipe from its first, or its next, iteration to its last, on all ranks.
public final class Trainer {
  /// What a finished run is told by.
  public struct Summary: Sendable {
    /// The scores of the last weights; equal on all ranks.
    public let last: ValidationLine
    /// The best mean IoU and its iteration.
    public let best: (meanIoU: Double, iteration: Int)
    /// Seconds from the start of this process's training.
    public let seconds: Double
  }

  private let recipe: Recipe
  private let coordinator: Coordinator
  private let logger: Logger
  private let sources: DataSources
  private let student: SegmentationNetwork
  private let methods: MethodSuite?
  private let parameters: FlatParameters
  private let step: TrainingStep
  /// Rank 0's alone.
  private let storage: RunStorage?
  private var state: Checkpoint
  private var best: [StoredTensor]?

  /// Prepares a run: data, networks, folder, and the state to go on from. Collective.
  ///
  /// - Parameters:
  ///   - recipe: what to do; the same on all ranks.
  ///   - folder: where rank 0 writes; a folder with checkpoints is gone on with.
  ///   - coordinator: the ranks.
  ///   - logger: rank 0's voice.
  /// - Throws: one line that names file and reason; the caller ends the job.
  public init(
    _ recipe: Recipe, folder: String, coordinator: Coordinator, logger: Logger
  ) throws {
    self.recipe = recipe
    self.coordinator = coordinator
    self.logger = logger
    try coordinator.requireImages(recipe.train.batchSize)
    try recipe.checkMethods()
    let device = try recipe.device(localRank: coordinator.world.localRank)
    TorchRuntime.threads = coordinator.threadCount
    TorchRuntime.keepMemory()
    sources = try DataSources(recipe.data)
    let storage = coordinator.isLead ? try RunStorage(folder, recipe, logger) : nil
    let teacher = try NetworkFactory.teacher(recipe, device: device)
    student = try NetworkFactory.student(recipe, device: device)
    // Before a checkpoint brings norms that have moved, to rank 0 first.
    if let teacher {
      try coordinator.requireEqual(teacher.state.hash, "teacher's weights")
    }
    methods = try recipe.methods(student, teacher)
    parameters = FlatParameters(student, methods)
    state = try storage?.restored(into: student, methods, parameters) ?? Checkpoint()
    self.storage = storage
    step = try TrainingStep(
      recipe, student: student,
      teacher: teacher.map { [methods] in Teacher($0, recipe, methods?.needs ?? []) },
      methods: methods,
      parameters: parameters,
      coordinator: coordinator, device: device)
    try share()
  }

  /// Trains, validates and saves until the last iteration. Collective.
  public func run() throws -> Summary {
    let progress = Progress(logger, iterations: recipe.train.iterations)
    let isUnfinished = state.iteration < recipe.train.iterations
    let last = isUnfinished ? try train(progress) : nil
    // A run that was finished before is measured again; its files say so already.
    let scores = try last ?? validate(progress, isRecorded: isUnfinished)
    try step.close()
    try storage?.finish(student)
    progress.close()
    return Summary(
      last: scores, best: state.best ?? (scores.meanIoU, state.iteration),
      seconds: progress.seconds)
  }

  private func train(_ progress: Progress) throws -> ValidationLine? {
    let iterations = state.iteration + 1...recipe.train.iterations
    let loader = try sources.loader(recipe, iterations, coordinator)
    defer { loader.stop() }
    var window = MetricsWindow()
    var nonfinite = 0
    var last: ValidationLine?
    for iteration in iterations {
      let begin = DispatchTime.now().uptimeNanoseconds
      var clock = PhaseClock()
      let batch = try loader.next()
      clock.end(.data)
      var report = step.run(batch, iteration: iteration)
      report.phases.merge(clock.times) { $0 + $1 }
      let seconds = Double(DispatchTime.now().uptimeNanoseconds - begin) / 1e9
      state.iteration = iteration
      nonfinite = report.skip == .nonfinite ? nonfinite + 1 : 0
      try checkLimits(report, iteration, nonfinite: nonfinite)
      window.add(report, seconds: seconds)
      let isLogged = isDue(iteration, recipe.train.logEvery) || iteration == iterations.lowerBound
      let line = window.line(
        iteration, report, rate: step.rate(iteration), batchSize: recipe.train.batchSize,
        recipe: recipe)
      if coordinator.isLead { progress.show(line, isLogged: isLogged) }
      if isLogged {
        storage?.metrics.append(line)
        window = MetricsWindow()
      }
      last = nil
      if isDue(iteration, recipe.train.validateEvery) { last = try validate(progress) }
      if isDue(iteration, recipe.train.checkpointEvery) { try save(progress) }
    }
    return last
  }

  /// Whether something that happens every so many iterations happens now; the last one counts.
  private func isDue(_ iteration: Int, _ every: Int) -> Bool {
    iteration == recipe.train.iterations || (every > 0 && iteration % every == 0)
  }

  private func checkLimits(
    _ report: TrainingStep.Report, _ iteration: Int, nonfinite: Int
  ) throws(TrainingError) {
    switch report.skip {
    case .nonfinite:
      logger.warning("iteration \(iteration): loss or gradient not finite; update skipped")
    case .emptyMask:
      logger.warning("iteration \(iteration): a mask is empty; update skipped (strict_official)")
    case nil: break
    }
    guard nonfinite <= recipe.train.nonfiniteLimit else {
      throw TrainingError(
        .diverged,
        "training: iteration \(iteration): found \(nonfinite) non-finite updates in a row; "
          + "expected at most \(recipe.train.nonfiniteLimit); lower train.learning_rate and start "
          + "again from the last checkpoint")
    }
    if recipe.distill.strictOfficial, report.result.statistics.fallback {
      throw TrainingError(
        .badData,
        "distill.strict_official: iteration \(iteration): found "
          + "\(report.result.statistics.validCount) valid pixels; expected at least "
          + "ohem.minimum_kept, below which the published scripts end; lower it")
    }
  }

  /// Measures the student on all ranks; what is recorded may become the best. Collective.
  private func validate(
    _ progress: Progress, isRecorded: Bool = true
  ) throws -> ValidationLine {
    let begin = DispatchTime.now().uptimeNanoseconds
    let evaluator = Evaluator(sources.validation, recipe, reducer: coordinator.reducer)
    let matrix = try evaluator.confusion(student)
    let line = ValidationLine(
      matrix, recipe, classes: sources.validation.classes, iteration: state.iteration,
      images: sources.validation.count,
      seconds: Double(DispatchTime.now().uptimeNanoseconds - begin) / 1e9)
    let isBest = isRecorded && line.meanIoU > state.best?.meanIoU ?? -1
    if isBest { state.best = (line.meanIoU, state.iteration) }
    if isRecorded { storage?.metrics.append(line) }
    if isBest { try storage?.keepBest(student) }
    if coordinator.isLead {
      progress.note(
        "validation at \(state.iteration): \(line.summary)\(isBest ? ", the best so far" : "")")
    }
    return line
  }

  /// Saves on rank 0; before that all ranks agree that their weights are equal. Collective.
  private func save(_ progress: Progress) throws {
    try coordinator.requireEqual(student.state.hash, "student's weights")
    try storage?.save(state, student, methods, parameters)
    if coordinator.isLead { progress.note("saved iteration \(state.iteration)") }
  }

  /// Gives rank 0's state to all ranks. Collective.
  private func share() throws {
    guard coordinator.worldSize > 1 else { return }
    var header = [
      Int64(state.iteration), Int64(state.best?.iteration ?? -1),
      Int64(bitPattern: (state.best?.meanIoU ?? 0).bitPattern),
    ]
    try header.withUnsafeMutableBytes { try coordinator.broadcast($0) }
    state.iteration = Int(header[0])
    let score = Double(bitPattern: UInt64(bitPattern: header[2]))
    state.best = header[1] < 0 ? nil : (score, Int(header[1]))
    let buffers = (student.state.entries + (methods?.entries ?? []))
      .filter { $0.role == .buffer }.map(\.tensor)
    for tensor in [parameters.values, parameters.momentum] + buffers {
      let host = tensor.to(device: .cpu)
      try coordinator.broadcast(
        UnsafeMutableRawBufferPointer(
          start: host.data, count: host.count * host.type.byteCount))
      if tensor.device != .cpu { tensor.copy(from: host) }
    }
  }
}

extension Recipe {
  /// The device of a rank; one GPU for each local rank.
  func device(localRank: Int) throws(TrainingError) -> Torch.Device {
    guard train.device == .cuda else { return .cpu }
    guard TorchRuntime.cudaIsAvailable else {
      throw TrainingError(
        .badWorld,
        "train.device: found cuda, but LibTorch \(TorchRuntime.version) sees no GPU; "
          + "expected one for each local rank; build with a CUDA LibTorch or set cpu")
    }
    return .cuda(localRank)
  }
}

extension StateDict {
  /// A hash of all values, as text.
  var hash: String {
    stored().map(\.contentHash).joined(separator: " ")
  }
}
