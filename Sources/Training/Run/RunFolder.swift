import Files
import Foundation
import Recipes
import WeightFiles

/// The folder of a run, which only rank 0 writes.
///
///     recipe.yaml  metrics.jsonl  checkpoints/  student.safetensors  best.safetensors
///     tensorboard/  pictures/
public final class RunFolder: Sendable {
  /// The folder's path.
  public let path: String
  private let lock: RunFolderLock

  /// The recipe with every key.
  public var recipePath: String { path + "/recipe.yaml" }
  /// One JSON object a line.
  public var metricsPath: String { path + "/metrics.jsonl" }
  /// The checkpoints.
  public var checkpointsPath: String { path + "/checkpoints" }
  /// Event files for TensorBoard.
  public var tensorboardPath: String { path + "/tensorboard" }
  /// Pictures of validation images: a folder an image, a file a validation.
  public var picturesPath: String { path + "/pictures" }
  /// The last weights.
  public var studentPath: String { path + "/student.safetensors" }
  /// The weights of the best validation.
  public var bestPath: String { path + "/best.safetensors" }

  /// Makes the folder, or takes over one of an earlier start, and locks it.
  ///
  /// - Throws: `TrainingError` (exit code 73) if it cannot be made or written, or is in use.
  public init(_ path: String) throws {
    self.path = path
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw TrainingError(
        .cannotCreate,
        "run folder: \(path): found a place where no folder can be made "
          + "(\(error.localizedDescription)); expected a writable place; choose another --out")
    }
    lock = try RunFolderLock(folder: path)
  }

  /// Writes the resolved recipe, or checks that the folder's is the same.
  ///
  /// - Parameters:
  ///   - recipe: what is to be done.
  ///   - instructions: those of the checkpoint that the run goes on from, which the recipe may name
  ///     in place of others: nothing changes then.
  /// - Throws: `TrainingError` that lists the keys that differ.
  package func keep(_ recipe: Recipe, instructions: String? = nil) throws {
    let text = recipe.resolvedYAML()
    guard let written = try? String(contentsOfFile: recipePath, encoding: .utf8) else {
      do {
        try text.write(toFile: recipePath, atomically: true, encoding: .utf8)
      } catch {
        throw TrainingError(
          .cannotCreate,
          "run folder: \(recipePath): found it not writable; expected a folder of "
            + "this user's; choose another --out")
      }
      return
    }
    guard written != text else { return }
    let earlier = try Recipe.decode(yaml: written, file: recipePath)
    let keepsInstructions = recipe.train.instructions.rawValue == instructions
    let differences = recipe.differences(from: earlier).filter { difference in
      if keepsInstructions, difference.hasPrefix("train.instructions:") { return false }
      return !Self.keysWithoutEffect.contains { difference.hasPrefix($0 + ":") }
    }
    guard differences.isEmpty else {
      throw TrainingError(
        .badData,
        "recipe: \(path): found \(differences.joined(separator: "; ")); expected the recipe that "
          + "the run was started with; change it back or choose another --out")
    }
    try? text.write(toFile: recipePath, atomically: true, encoding: .utf8)
  }

  /// Keys that change no number: a run may go on with others.
  public static let keysWithoutEffect = [
    "data.root", "data.loader_threads", "data.prefetch_batches", "data.cache_mebibytes",
    "teacher.weights", "teacher.ahead", "train.checkpoint_every", "train.validate_every",
    "train.keep_checkpoints", "train.log_every", "train.threads", "train.bucket_mebibytes",
    "train.tensorboard", "train.compare_every", "train.watchdog_seconds", "evaluation.batch_size",
    "evaluation.pictures",
  ]
}
