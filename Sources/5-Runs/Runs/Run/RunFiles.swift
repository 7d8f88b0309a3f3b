/// Where the files of a run's folder are.
public struct RunFiles: Sendable {
  /// The folder's path.
  public let folder: String

  /// The files of a folder.
  public init(folder: String) { self.folder = folder }

  /// The recipe with every key, for people.
  public var recipe: String { folder + "/recipe.yaml" }
  /// One JSON object a line.
  public var metrics: String { folder + "/metrics.jsonl" }
  /// Starts and saves, one JSON object a line.
  public var history: String { folder + "/history.jsonl" }
  /// What rank 0 said, start by start.
  public var log: String { folder + "/log.txt" }
  /// Hashes of the listed files, so that they are made once.
  public var dataHashes: String { folder + "/data.tsv" }
  /// A folder of checkpoints.
  public var checkpoints: String { folder + "/checkpoints" }
  /// A folder of event files for TensorBoard.
  public var tensorboard: String { folder + "/tensorboard" }
  /// Pictures of validation images: a folder an image, a file a validation.
  public var pictures: String { folder + "/pictures" }
  /// The last weights.
  public var student: String { folder + "/student.safetensors" }
  /// The weights of the best validation.
  public var best: String { folder + "/best.safetensors" }
}
