import Files
import Foundation
import Recipes
import Steps
import WeightFiles

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
    // What is here is what a start that was cut off has left.
    guard interrupted(try? FreshNote.found(in: folder)) == nil else { return }
    let shown = found.prefix(3).map { quoted($0) }.joined(separator: ", ")
    throw TrainingError(
      .badData,
      "--fresh: \(folder): found \(shown)\(found.count > 3 ? ", ..." : "") and no run; expected a run's "
        + "folder, or an empty one; correct --out, or leave out --fresh")
  }

  /// Stops a start that would put aside what it is about to read.
  ///
  /// - Throws: `TrainingError` (exit code 65).
  func requireNoInput(of recipe: Recipe) throws(TrainingError) {
    for (key, path) in recipe.inputs where isOwn(WeightPlace(path).path) {
      throw TrainingError(
        .badData,
        "--fresh: \(key): \(path): found a file of the run, which would be put aside before it is read; "
          + "expected one that stays; copy it out of \(folder), or choose another --out")
    }
  }

  /// Whether a path is that of a run's file in the folder, or leads into one of its folders.
  private func isOwn(_ path: String) -> Bool {
    let ways: [(URL) -> URL] = [{ $0.standardizedFileURL }, { $0.resolvingSymlinksInPath() }]
    return ways.contains { way in
      let own = way(URL(fileURLWithPath: folder)).pathComponents
      let parts = way(URL(fileURLWithPath: path)).pathComponents
      guard parts.count > own.count, parts.starts(with: own) else { return false }
      let name = parts[own.count]
      return Self.names.contains(name) || BestWeights.isKept(name)
    }
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

extension Recipe {
  /// The keys that name weights or a folder of images, with what they name, absolutely.
  fileprivate var inputs: [(key: String, path: String)] {
    let named = [
      ("student.weights", student.weights), ("student.backbone_weights", student.backboneWeights),
      ("teacher.weights", teacher.weights), ("data.root", data.root),
    ].compactMap { key, path in path.map { (key: key, path: $0) } }
    return named
      + distill.methods.list.flatMap { choice in
        choice.options.filter(\.isPath).map { ("\(choice.name): \($0.key)", $0.text) }
      }
  }
}
