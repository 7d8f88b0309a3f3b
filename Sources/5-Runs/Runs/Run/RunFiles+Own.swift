import Files
import Foundation
import Steps

extension RunFiles {
  /// The names that a run gives in its folder: folders first, which are the hardest to move.
  static let names = [
    "checkpoints", "tensorboard", "pictures", "recipe.yaml", "metrics.jsonl", "history.jsonl",
    "log.txt", "data.tsv", "student.safetensors", "best.safetensors",
  ]

  /// Whether the folder tells of a run that was begun there. A recipe or weights alone may be anybody's.
  private var tellOfARun: Bool {
    [checkpoints, metrics, history].contains { FileManager.default.fileExists(atPath: $0) }
  }

  /// The folder of the run that wrote a recipe; nil if none did.
  ///
  /// - Parameters:
  ///   - path: the recipe.
  ///   - other: the folder of a run that is not meant.
  package static func run(ofRecipe path: String, but other: String) -> String? {
    let folder = (path as NSString).deletingLastPathComponent
    let files = RunFiles(folder: folder.isEmpty ? "." : folder)
    func place(_ path: String) -> String {
      URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    }
    let isOwn = (path as NSString).lastPathComponent == "recipe.yaml" && files.tellOfARun
    return isOwn && place(files.folder) != place(other) ? files.folder : nil
  }

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

  /// Why no output may be written at a path; nil if one may.
  ///
  /// - Parameters:
  ///   - path: where an option says that something is to be written.
  ///   - option: the option.
  ///   - run: the folder of a run that is about to begin.
  /// - Returns: one line for a file that belongs to a run; nil for any other.
  package static func refusal(
    ofTarget path: String, option: String, run: String? = nil
  ) -> String? {
    let target = URL(fileURLWithPath: path)
    let name = target.lastPathComponent
    let parent = target.deletingLastPathComponent().resolvingSymlinksInPath()
    let isCheckpoint = parent.lastPathComponent == "checkpoints"
    let folder = isCheckpoint ? parent.deletingLastPathComponent() : parent
    let own = run.map { URL(fileURLWithPath: $0).resolvingSymlinksInPath().path }
    guard isCheckpoint || names.contains(name),
      folder.path == own || RunFiles(folder: folder.path).tellOfARun
    else { return nil }
    return "\(option): \(path): found a file of the run \(folder.path); expected a place for a new "
      + "one; choose another name"
  }
}
