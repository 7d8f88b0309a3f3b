import DataParallel
import Datasets
import Files
import Foundation
import Logging
import Methods
import Networks
import Recipes
import Steps
import Torch

/// Runs a recipe from its first, or its next, iteration to its last, on all ranks.
package final class Trainer {
  /// The scores of a finished run.
  package struct Summary: Sendable {
    /// The scores of the last weights; equal on all ranks.
    package let last: ValidationLine
    /// The best mean IoU and its iteration.
    package let best: (meanIoU: Double, iteration: Int)
    /// Seconds from the start of this process's training.
    package let seconds: Double
    /// Whether the run was finished before, and only measured now.
    package let isMeasuredAgain: Bool
  }

  private let recipe: Recipe
  private let coordinator: Coordinator
  private let logger: Logger
  private let sources: DataSources
  /// Which images and labels the student is measured on.
  private let validationData: String
  private let student: SegmentationNetwork
  /// The student, and what goes with it into checkpoints.
  private let trained: Checkpoint.Trained
  private let step: TrainingStep
  private var labels: LabelWatch
  /// Rank 0's alone.
  private let storage: RunStorage?
  private let pictures: RunPictures?
  private let trace: Trace?
  private var state: Checkpoint
  private var saveLimit = SaveLimit()

  /// Prepares a run: data, networks, folder, and the state to go on from. Collective.
  ///
  /// - Parameters:
  ///   - recipe: what to do; the same on all ranks.
  ///   - folder: where rank 0 writes; a folder with checkpoints is gone on with.
  ///   - coordinator: the ranks.
  ///   - start: what may differ from the run that the folder holds.
  ///   - logger: the log of rank 0.
  ///   - trace: where the times of the first iterations go.
  /// - Throws: one line that names file and reason; the caller ends the job.
  package init(
    _ recipe: Recipe, folder: String, start: RunStart = RunStart(), coordinator: Coordinator,
    logger: Logger, trace: Trace? = nil
  ) throws {
    self.recipe = recipe
    self.trace = trace
    self.coordinator = coordinator
    self.logger = logger
    try coordinator.requireImages(recipe.train.batchSize)
    try recipe.checkMethods()
    let device = try recipe.device(localRank: coordinator.world.localRank)
    TorchRuntime.threads = coordinator.threadCount
    TorchRuntime.returnMemory()
    let sources = try DataSources(recipe.data)
    try coordinator.requireSameStart(recipe.data)
    let storage = coordinator.isLead ? try RunStorage(folder, recipe, start, logger) : nil
    let data = try Self.dataHashes(sources, recipe, storage, coordinator, logger)
    validationData = data[1].digest
    self.sources = sources.watched(training: data[0].watch, validation: data[1].watch)
    let teacher = try NetworkFactory.teacher(recipe, device: device)
    student = try NetworkFactory.student(recipe, device: device)
    // Before a checkpoint brings BatchNorm statistics that have moved, to rank 0 first.
    if let teacher {
      try coordinator.requireEqual(teacher.hash, "teacher's weights")
    }
    // Weights come from rank 0; what they are for, each rank has read.
    if let graph = student.graph {
      try coordinator.requireEqual(graph.contentHash, "student's graph")
    }
    let frozen = FrozenNetworks()
    let methods = try recipe.methods(student, teacher, noting: frozen)
    try storage?.compare(
      RunIdentity(recipe, student, teacher, methods, frozen, data), data)
    TorchRuntime.threads = recipe.networkThreads(methods, of: coordinator.threadCount)
    let parameters = FlatParameters(
      student, methods, for: recipe.optimiser, exactSums: recipe.train.addsExactly,
      isAlone: coordinator.worldSize == 1)
    trained = Checkpoint.Trained(
      network: student, methods: methods, optimiser: parameters.buffers,
      average: recipe.average(of: student))
    state = try storage?.restored(into: trained) ?? Checkpoint()
    self.storage = storage
    let student = student
    let taught = teacher.map {
      Teacher($0, recipe, methods?.needs ?? [], teaching: student)
    }
    pictures =
      recipe.evaluation.pictures == 0
      ? nil
      : try storage.map {
        try RunPictures(
          recipe, student: student, teacher: taught, folder: $0.picturesPath,
          threadCount: coordinator.threadCount)
      }
    step = try TrainingStep(
      recipe, student: student, teacher: taught, methods: methods, parameters: parameters,
      coordinator: coordinator)
    labels = LabelWatch(recipe)
    try share()
    labels = LabelWatch(recipe, inARow: state.batchesWithoutLabels)
    try storage?.begin(
      after: state.iteration, data, Launch(version: start.version, coordinator))
    TorchRuntime.keepMemory()
  }

  /// The hashes of the listed files, for training and validation. Collective.
  private static func dataHashes(
    _ sources: DataSources, _ recipe: Recipe, _ storage: RunStorage?, _ coordinator: Coordinator,
    _ logger: Logger
  ) throws -> [DataHashes] {
    let earlier = DataHashes.read(
      try coordinator.world.communicator.broadcast(storage?.earlierHashes ?? [], from: 0))
    let lists = [sources.training, sources.validation]
    let count = lists.reduce(0) { $0 + $1.count * $1.files(0).count }
    if count > max(1000, 2 * earlier.count), recipe.data.identity == .contents {
      logger.info("hashing \(count) images and labels, once for this folder (data.identity)")
    }
    let hashes = try lists.map {
      try DataHashes($0, recipe.data.identity, earlier: earlier, coordinator)
    }
    return hashes
  }

  /// Trains, validates and saves until the last iteration. Collective.
  ///
  /// - Throws: `Preempted` on all ranks if one of them was asked to stop (`StopRequest`), or
  ///   `RankFailure` if one of them cannot read its images any more: the run is saved, and the caller ends
  ///   the job.
  package func run() throws -> Summary {
    let begin = MonotonicClock.seconds
    let progress = Progress(logger)
    let isUnfinished = state.iteration < recipe.train.iterations
    let last = isUnfinished ? try train(progress) : nil
    // A run that was finished before is measured again; its files say so already, unless it had to end
    // before it could measure its last weights.
    let isOwed = state.owesValidation
    let scores = try last ?? validate(progress, isRecorded: isUnfinished || isOwed)
    try step.close()
    Heartbeat.process.begin(.saving, "writing the last weights", iteration: state.iteration)
    try trained.averaged { try storage?.finish(student, iteration: state.iteration) }
    if let loss = storage?.lossInWords { progress.warn(loss) }
    progress.close()
    return Summary(
      last: scores, best: state.best ?? (scores.meanIoU, state.iteration),
      seconds: MonotonicClock.seconds - begin, isMeasuredAgain: !isUnfinished)
  }

  private func train(_ progress: Progress) throws -> ValidationLine? {
    let iterations = state.iteration + 1...recipe.train.iterations
    let loader = try sources.loader(recipe, iterations, coordinator)
    defer { loader.stop() }
    let steps = StepSequence(step, loader, last: recipe.train.iterations)
    var window = MetricsWindow()
    var nonfinite = 0
    var last: ValidationLine?
    if state.owesValidation { last = try validate(progress) }
    for iteration in iterations {
      let isFirst = iteration == iterations.lowerBound
      Heartbeat.process.begin(isFirst ? .firstStep : .step, "data", iteration: iteration)
      let report = try steps.run(iteration)
      try trace?.add(report, iteration: iteration)
      state.iteration = iteration
      if report.omission == nil { trained.average?.add(iteration: iteration) }
      nonfinite = report.omission == .notFinite ? nonfinite + 1 : 0
      try checkLimits(report, iteration, nonfinite: nonfinite)
      window.add(report)
      let isLogged = isDue(iteration, recipe.train.logEvery) || isFirst
      var line = window.line(
        iteration, report, rate: step.rate(iteration), batchSize: recipe.train.batchSize)
      if Console.lostLines > 0 { line.lostLines = Console.lostLines }
      if coordinator.isLead { show(line, progress, isLogged: isLogged) }
      if isLogged {
        storage?.append(line)
        window = MetricsWindow()
      }
      last = nil
      var end = Ending.agreed(coordinator, after: iteration, failure: steps.failureOfNext)
      if isDue(iteration, recipe.train.validateEvery) {
        state.owesValidation = end != nil
        if end == nil {
          do {
            last = try validate(progress)
            end = Ending.agreed(coordinator, after: iteration)
          } catch let failure as RankFailure {
            state.owesValidation = true
            end = .failure(failure.saved(after: iteration))
          }
        }
      }
      if end != nil || isDue(iteration, recipe.train.checkpointEvery) {
        try save(progress, isLast: end != nil || iteration == iterations.upperBound)
      } else if isDue(iteration, recipe.train.compareEvery) {
        try compareWeights()
      }
      if let end {
        progress.close()
        // Who leaves first may end the others: not before rank 0 has saved.
        _ = coordinator.agreement.any(false)
        throw end.error
      }
    }
    try trace?.finish()
    return last
  }

  private func show(_ line: TrainingLine, _ progress: Progress, isLogged: Bool) {
    progress.show(isLogged: isLogged, isLast: line.iteration == recipe.train.iterations) {
      let forecast = Forecast(after: line.iteration, of: recipe.train) {
        Heartbeat.process.median($0, of: $1)
      }
      return ProgressLine(line, iterations: recipe.train.iterations, forecast: forecast)
    }
  }

  /// Whether something that happens every so many iterations happens now; the last one counts.
  private func isDue(_ iteration: Int, _ every: Int) -> Bool {
    iteration == recipe.train.iterations || (every > 0 && iteration % every == 0)
  }

  private func checkLimits(
    _ report: TrainingStep.Report, _ iteration: Int, nonfinite: Int
  ) throws(TrainingError) {
    if let omission = report.omission {
      logger.warning("iteration \(iteration): \(omission.rawValue); update skipped")
    }
    guard report.weightsAreFinite else {
      throw TrainingError(
        .diverged,
        "training: iteration \(iteration): found weights that are not finite after the update; "
          + "expected finite ones; lower train.learning_rate and start again from the last checkpoint"
      )
    }
    guard nonfinite <= recipe.train.nonfiniteLimit else {
      throw TrainingError(
        .diverged,
        "training: iteration \(iteration): found \(nonfinite) non-finite updates in a row; "
          + "expected at most \(recipe.train.nonfiniteLimit); lower train.learning_rate and start "
          + "again from the last checkpoint")
    }
    if report.endsOfficially {
      throw TrainingError(
        .badData,
        "distill.strict_official: iteration \(iteration): found "
          + "\(report.result.statistics.validCount) valid pixels; expected at least "
          + "ohem.minimum_kept, below which the published scripts end; lower it")
    }
    let isLogged = isDue(iteration, recipe.train.logEvery)
    if let warning = try labels.note(
      validPixels: report.validPixels, iteration: iteration, isLogged: isLogged)
    {
      logger.warning("\(warning)")
    }
  }

  /// Measures the student, or its average, on all ranks; what is recorded may become the best. Collective.
  private func validate(
    _ progress: Progress, isRecorded: Bool = true
  ) throws -> ValidationLine {
    try trained.averaged { try measure(progress, isRecorded: isRecorded) }
  }

  private func measure(_ progress: Progress, isRecorded: Bool) throws -> ValidationLine {
    Heartbeat.process.begin(.validation, "validation", iteration: state.iteration)
    state.owesValidation = false
    let begin = DispatchTime.now().uptimeNanoseconds
    let evaluator = Evaluator(sources.validation, recipe, reducer: coordinator.reducer)
    let matrix = try evaluator.confusion(
      student, tell: count(progress, "validation at \(state.iteration)").add)
    var line = ValidationLine(
      matrix, recipe, classes: sources.validation.classes, iteration: state.iteration,
      images: sources.validation.count,
      seconds: Double(DispatchTime.now().uptimeNanoseconds - begin) / 1e9)
    line.validationData = validationData
    let isBest =
      try isRecorded && line.meanIoU > state.best?.meanIoU ?? -1 && keepBest(progress)
    if isBest { state.best = (line.meanIoU, state.iteration) }
    if isRecorded {
      storage?.append(line)
      try drawPictures()
    }
    if coordinator.isLead {
      progress.note(
        "validation at \(state.iteration): \(line.summary)\(isBest ? ", the best so far" : "")")
    }
    return line
  }

  /// A count of this rank's validation images.
  private func count(_ progress: Progress, _ name: String) -> ImageCount {
    let all = sources.validation.count
    let share = Shard.range(of: all, rank: coordinator.rank, worldSize: coordinator.worldSize)
    return ImageCount(
      coordinator.isLead ? progress : nil, name, share: share.count, of: all)
  }

  /// Draws on rank 0; a picture that cannot be written is no reason to end a run.
  ///
  /// - Throws: `FileError` if the folder is this run's no longer.
  private func drawPictures() throws {
    try storage?.requireHeld()
    do {
      try pictures?.draw(iteration: state.iteration, events: storage?.events)
    } catch {
      logger.warning("no pictures: \(error)")
    }
  }

  /// Writes the best weights on rank 0; whether it could. What a full disk keeps out is not the best.
  private func keepBest(_ progress: Progress) throws -> Bool {
    do {
      try storage?.keepBest(student, iteration: state.iteration)
      return true
    } catch let error as FileError where error.mayPass {
      progress.warn("the best weights are not written: \(error)")
      return false
    }
  }

  /// Saves on rank 0; before that all ranks agree that their weights are equal. Collective.
  ///
  /// - Parameter isLast: whether no other attempt follows.
  private func save(_ progress: Progress, isLast: Bool) throws {
    Heartbeat.process.begin(.saving, "saving", iteration: state.iteration)
    state.batchesWithoutLabels = labels.inARow
    try compareWeights()
    let begin = MonotonicClock.seconds
    do {
      try storage?.save(state, trained)
    } catch {
      let missed = try saveLimit.missed(error, isLast: isLast)
      progress.warn(
        "iteration \(state.iteration) is not saved (\(missed) in a row, the run ends at "
          + "\(SaveLimit.misses + 1)): \(error)")
      return
    }
    saveLimit.saved()
    guard coordinator.isLead else { return }
    let seconds = String(format: "%.2f s", MonotonicClock.seconds - begin)
    progress.note("saved iteration \(state.iteration) in \(seconds)")
  }

  /// Stops the job unless the student's weights are equal on all ranks. Collective.
  private func compareWeights() throws {
    guard coordinator.worldSize > 1 else { return }
    try coordinator.requireEqual(
      trained.hash, "student's weights after iteration \(state.iteration)",
      advice:
        "start again from the last checkpoint without those ranks' hosts: memory or a library "
        + "there computes something else")
  }

  /// Gives rank 0's state to all ranks. Collective.
  private func share() throws {
    guard coordinator.worldSize > 1 else { return }
    var header = [
      Int64(state.iteration), Int64(state.best?.iteration ?? -1),
      Int64(bitPattern: (state.best?.meanIoU ?? 0).bitPattern), state.owesValidation ? 1 : 0,
      Int64(state.batchesWithoutLabels),
    ]
    try header.withUnsafeMutableBytes { try coordinator.broadcast($0) }
    state.iteration = Int(header[0])
    let score = Double(bitPattern: UInt64(bitPattern: header[2]))
    state.owesValidation = header[3] != 0
    state.batchesWithoutLabels = Int(header[4])
    state.best = header[1] < 0 ? nil : (score, Int(header[1]))
    let buffers = (student.state.entries + (trained.methods?.entries ?? []))
      .filter { $0.role == .buffer }.map(\.tensor)
    let averages = (trained.average?.entries ?? []).map(\.average)
    for tensor in trained.optimiser.shared + buffers + averages {
      let host = tensor.to(device: .cpu)
      try coordinator.broadcast(
        UnsafeMutableRawBufferPointer(
          start: host.data, count: host.count * host.type.byteCount))
      if tensor.device != .cpu { tensor.copy(from: host) }
    }
  }
}
