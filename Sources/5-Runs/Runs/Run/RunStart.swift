import Files
import Steps
import WeightFiles

/// How a run's folder is to be taken where it is not simply gone on with.
package struct RunStart: Sendable {
  /// Parts of the run that may differ from what its checkpoint was saved with.
  package var accepted: Set<RunIdentity.Part>
  /// Whether what the folder holds is put aside, and the run begins anew.
  package var isFresh: Bool
  /// The name of the job, which begins anew once, however often it is started; nil: each start does.
  package var job: String?
  /// The program's name and version, for the history.
  package var version: String?

  /// A start that goes on with what is there, if it is the same run.
  package init(
    accepted: Set<RunIdentity.Part> = [], isFresh: Bool = false, job: String? = nil,
    version: String? = nil
  ) {
    self.accepted = accepted
    self.isFresh = isFresh
    self.job = job
    self.version = version
  }

  /// Whether the run begins anew in a folder, as rank 0 sees it: this start wants it, and its job has not
  /// done so before; or an earlier one did, and was cut off. Collective.
  ///
  /// - Throws: `MPIError`.
  package func beginsAnew(in folder: String, _ coordinator: Coordinator) throws -> Bool {
    let isNew = coordinator.isLead && beginsAnew(RunFiles(folder: folder))
    return try coordinator.world.communicator.broadcast(isNew ? [1] : [UInt8](), from: 0) == [1]
  }

  /// As `beginsAnew(in:_:)`, on this rank. A note that cannot be read is for those to tell who hold the
  /// folder.
  func beginsAnew(_ files: RunFiles) -> Bool {
    let note = try? FreshNote.found(in: files.folder)
    return files.interrupted(note) != nil || isFresh && note?.isDone(for: job) != true
  }

  /// What a folder holds of a run.
  package enum Found {
    /// Nothing of a run.
    case nothing
    /// A run that ended before it saved anything; its identity, where the history says it.
    case unsaved(digest: String?)
    /// The last weights of a run whose checkpoints are gone, and their file.
    case finished(TensorArchive, path: String)
    /// The newest checkpoint that is whole.
    case checkpoint(CheckpointStore.Checkpoint)
  }

  /// Looks for what a start can go on from.
  ///
  /// - Parameters:
  ///   - files: the folder's.
  ///   - store: its checkpoints.
  ///   - warn: told of each checkpoint that is damaged.
  /// - Throws: `TrainingError` if there was a run of which no whole checkpoint is left.
  package static func found(
    _ files: RunFiles, _ store: CheckpointStore, warn: (String) -> Void
  ) throws -> Found {
    let recovery = try store.newestValid()
    for refused in recovery.refused { warn("checkpoint refused: \(refused)") }
    if let newest = recovery.newest { return .checkpoint(newest) }
    if let refused = recovery.refused.first {
      throw TrainingError(
        .badData,
        "checkpoints: \(files.checkpoints): found none that is whole (\(refused)); expected "
          + "one to go on from; restore it or choose another --out")
    }
    if let weights = try archive(files.student) {
      guard weights.metadata[RunStorage.identityKey] != nil else {
        throw refusal(files.folder, "student.safetensors and no checkpoint")
      }
      return .finished(weights, path: files.student)
    }
    let events = try RunHistory.events(files.history)
    if events.contains(where: { $0.kind == .saved || $0.kind == .finished }) {
      throw refusal(files.folder, "the history of a run that was saved, and no checkpoint")
    }
    let iteration = try MetricsLog.lastIteration(files.metrics)
    if let start = events.last(where: { $0.kind == .start }) {
      return .unsaved(digest: iteration == nil ? nil : start.identity)
    }
    if let iteration {
      throw refusal(files.folder, "the measurements of \(iteration) iterations and no checkpoint")
    }
    if try archive(files.best) != nil {
      throw refusal(files.folder, "best.safetensors and no checkpoint")
    }
    return .nothing
  }

  /// Stops where a run would end before the checkpoint that it goes on from.
  ///
  /// - Parameters:
  ///   - iterations: all of the run.
  ///   - checkpoint: what it would go on from.
  /// - Throws: `TrainingError` (exit code 65), whatever differences are accepted.
  package static func require(
    _ iterations: Int, for checkpoint: CheckpointStore.Checkpoint
  ) throws(TrainingError) {
    guard checkpoint.iteration > iterations else { return }
    throw TrainingError(
      .badData,
      "train.iterations: \(iterations): found \(checkpoint.path), after which \(checkpoint.iteration) "
        + "iterations are done; expected as many or more; raise it, choose another --out, or begin anew "
        + "with --fresh")
  }

  /// A weight file; nil only if there is none.
  private static func archive(_ path: String) throws(FileError) -> TensorArchive? {
    do {
      return try WeightFile.read(WeightPlace(path: path))
    } catch  where error.kind == .missing {
      return nil
    }
  }

  /// What ends a start that would write over a run.
  static func refusal(_ path: String, _ found: String) -> TrainingError {
    TrainingError(
      .badData,
      "run: \(path): found \(found); expected checkpoints to go on from, or a new folder; restore "
        + "checkpoints/, choose another --out, or add --fresh, which keeps what is there beside it")
  }
}
