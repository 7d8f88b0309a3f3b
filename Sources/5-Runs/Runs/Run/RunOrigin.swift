import Files
import Recipes
import WeightFiles

/// Which run the files of a folder come from, as far as they tell: somebody may have mixed those of two.
///
/// The newest checkpoint and `history.jsonl` say which run the folder's is. Nothing is written, and what cannot
/// be read or does not tell is nobody's matter here.
package struct RunOrigin {
  private let files: RunFiles
  private let checkpoint: (path: String, metadata: [String: String])?
  private let identity: RunIdentity?
  /// The digests under which the run went on; nil where they are not known.
  private let known: Set<String>?
  /// That of its last start.
  private let last: String?

  /// Reads what a folder tells of its run.
  package init(folder: String) {
    files = RunFiles(folder: folder)
    checkpoint = CheckpointStore(folder: files.checkpoints).newestMetadata()
    identity = (checkpoint?.metadata).flatMap { RunIdentity(metadata: $0) }
    let events = (try? RunHistory.events(files.history)) ?? []
    last = events.last { $0.kind == .start }?.identity
    let own = identity.map(\.digest)
    if let starts = RunHistory.identities(events) {
      known = starts.union([own].compactMap { $0 })
    } else {
      // Without a history, a run that went on otherwise may have weights from before.
      known = events.isEmpty && identity?.accepted == nil ? own.map { [$0] } : nil
    }
  }

  /// What to tell of weights in the folder; nil if they are the run's, or do not say whose.
  ///
  /// - Parameter path: their file.
  /// - Returns: one line that names it.
  package func warning(ofWeights path: String) -> String? {
    guard let known, let metadata = try? WeightFile.metadata(path),
      let found = metadata[RunStorage.identityKey], !known.contains(found)
    else { return nil }
    let own = identity?.digest ?? last ?? ""
    return Self.warning(path, "weights of another run (identity \(found), and not \(own))")
  }

  /// What to tell of the folder's `recipe.yaml`; nil if the newest checkpoint was made by it, or by a start
  /// before the last one.
  ///
  /// - Returns: one line that names it and the first key that differs.
  package func warningOfRecipe() -> String? {
    guard let identity, last == nil || last == identity.digest,
      let recipe = files.writtenRecipe
    else { return nil }
    let differences = RunIdentity(recipe, hashes: [:]).differences(from: identity)
    guard let detail = differences.first(where: { $0.part == .recipe })?.detail else { return nil }
    let first = detail.split(separator: "; ").first ?? ""
    let path = checkpoint?.path ?? files.checkpoints
    return Self.warning(files.recipe, "another recipe than that of \(path) (\(first))")
  }

  /// What to tell of the folder's measurements; nil if they have the best score that the newest checkpoint
  /// tells of, or no validation of its iteration.
  ///
  /// - Parameter validations: the lines of `metrics.jsonl` about validations.
  /// - Returns: one line that names the file.
  package func warning(of validations: [ValidationLine]) -> String? {
    guard let checkpoint, let best = Checkpoint.best(checkpoint.metadata),
      let found = validations.first(where: { $0.iteration == best.iteration }),
      abs(found.meanIoU - best.meanIoU) > 1e-9
    else { return nil }
    return Self.warning(
      files.metrics,
      "a mean IoU of \(found.meanIoU) at iteration \(best.iteration), and \(best.meanIoU) in "
        + checkpoint.path)
  }

  private static func warning(_ path: String, _ found: String) -> String {
    "\(oneLine(path)): found \(found); expected the run's own file; put it back, or its numbers are of two runs"
  }
}
