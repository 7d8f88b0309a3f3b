/// Where the files of a run's folder are.
package struct RunFiles: Sendable {
  /// The folder's path.
  package let folder: String

  /// The files of a folder.
  package init(folder: String) { self.folder = folder }

  /// The recipe with every key, for people.
  package var recipe: String { folder + "/recipe.yaml" }
  /// One JSON object a line.
  package var metrics: String { folder + "/metrics.jsonl" }
  /// Starts and saves, one JSON object a line.
  package var history: String { folder + "/history.jsonl" }
  /// What rank 0 said, start by start.
  package var log: String { folder + "/log.txt" }
  /// Hashes of the listed files, so that they are made once.
  package var dataHashes: String { folder + "/data.tsv" }
  /// A folder of checkpoints.
  package var checkpoints: String { folder + "/checkpoints" }
  /// A folder of event files for TensorBoard.
  package var tensorboard: String { folder + "/tensorboard" }
  /// Pictures of validation images: a folder an image, a file a validation.
  package var pictures: String { folder + "/pictures" }
  /// The last weights.
  package var student: String { folder + "/student.safetensors" }
  /// The weights of the best validation.
  package var best: String { folder + "/best.safetensors" }
}
