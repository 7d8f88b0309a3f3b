import Files
import Logging
import Methods
import Networks
import Recipes
import Torch
import WeightFiles

/// What rank 0 keeps on disk during a run.
final class RunStorage {
  let metrics: MetricsLog
  /// Nil if the recipe wants none, or none can be written.
  let events: RunEvents?
  private let folder: RunFolder
  private let store: CheckpointStore
  private let found: CheckpointStore.Checkpoint?
  private let logger: Logger

  /// Opens a run's folder and looks for the newest checkpoint that is whole.
  ///
  /// - Throws: an error if the folder is in use, belongs to another recipe, or holds only damaged
  ///   checkpoints: a run never starts over silently.
  init(_ path: String, _ recipe: Recipe, _ logger: Logger) throws {
    folder = try RunFolder(path)
    self.logger = logger
    store = CheckpointStore(
      folder: folder.checkpointsPath, keep: max(recipe.train.keepCheckpoints, 2))
    _ = try store.prepare()
    let recovery = try store.newestValid()
    for refused in recovery.refused { logger.warning("checkpoint refused: \(refused)") }
    if recovery.newest == nil, let refused = recovery.refused.first {
      throw TrainingError(
        .badData,
        "checkpoints: \(folder.checkpointsPath): found none that is whole (\(refused)); expected "
          + "one to go on from; restore it or choose another --out")
    }
    found = recovery.newest
    try folder.keep(recipe, instructions: found.flatMap { Checkpoint.instructions(of: $0) })
    let done = recovery.newest?.iteration ?? 0
    metrics = try MetricsLog(folder.metricsPath, after: done)
    let isTrained = done < recipe.train.iterations
    events =
      recipe.train.tensorboard && isTrained
      ? RunEvents(folder: folder.tensorboardPath, after: done) : nil
  }

  /// Adds a line about training to the run's files.
  func append(_ line: TrainingLine) {
    metrics.append(line)
    events?.add(line)
  }

  /// Adds a line about a validation to the run's files.
  func append(_ line: ValidationLine) {
    metrics.append(line)
    events?.add(line)
  }

  /// Where pictures of the run go.
  var picturesPath: String { folder.picturesPath }

  /// Restores the newest checkpoint; nil if the run has not begun.
  func restored(
    into network: SegmentationNetwork, _ methods: MethodSuite?, _ parameters: FlatParameters
  ) throws -> Checkpoint? {
    guard let found else { return nil }
    let checkpoint = try Checkpoint(found, into: network, methods, parameters)
    logger.info("going on from \(found.path) (iteration \(checkpoint.iteration))")
    if let earlier = checkpoint.instructions, let now = InstructionSet.used?.rawValue,
      earlier != now
    {
      let warning =
        "instructions: going on with \(now), which may round otherwise than \(earlier), the checkpoint's; "
        + "train.instructions=\(earlier) keeps those, on processors that have them"
      logger.warning("\(warning)")
    }
    return checkpoint
  }

  /// Saves a checkpoint; returns when it is on the disk and verified.
  func save(
    _ checkpoint: Checkpoint, _ network: SegmentationNetwork, _ methods: MethodSuite?,
    _ parameters: FlatParameters
  ) throws {
    for failure in try store.save(
      checkpoint.archive(network, methods, parameters), iteration: checkpoint.iteration)
    {
      logger.warning("an older checkpoint stays: \(failure)")
    }
  }

  /// Writes the weights of the best validation so far.
  func keepBest(_ network: SegmentationNetwork) throws { try write(network, folder.bestPath) }

  /// Writes the last weights.
  func finish(_ network: SegmentationNetwork) throws { try write(network, folder.studentPath) }

  private func write(_ network: SegmentationNetwork, _ path: String) throws {
    let archive = TensorArchive(
      tensors: network.state.stored(),
      metadata: ["network": network.architecture.rawValue, "format": "pt"])
    try AtomicFile().writeAtomically(archive, to: path)
  }
}
