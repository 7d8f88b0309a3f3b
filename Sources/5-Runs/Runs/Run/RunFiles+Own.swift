import Files
import Steps

extension RunFiles {
  /// The names that a run gives in its folder: folders first, which are the hardest to move.
  static let names = [
    "checkpoints", "tensorboard", "pictures", "recipe.yaml", "metrics.jsonl", "history.jsonl",
    "log.txt", "data.tsv", "student.safetensors", "best.safetensors",
  ]

  /// Stops a start that would begin anew in a folder that holds other things than a run, such as that of
  /// several runs.
  ///
  /// - Throws: `TrainingError` (exit code 65).
  func requireRunOrNothing() throws(TrainingError) {
    let found = ((try? FileStore().names(folder)) ?? []).filter { !$0.hasPrefix(".") }.sorted()
    guard !found.isEmpty, !found.contains(where: Self.names.contains) else { return }
    let shown = found.prefix(3).map { quoted($0) }.joined(separator: ", ")
    throw TrainingError(
      .badData,
      "--fresh: \(folder): found \(shown)\(found.count > 3 ? ", ..." : "") and no run; expected a run's "
        + "folder, or an empty one; correct --out, or leave out --fresh")
  }
}
