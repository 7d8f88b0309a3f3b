import Files
import Recipes
import Steps

/// The folder of a run, which only rank 0 writes; see `RunFiles`.
package final class RunFolder: Sendable {
  /// The folder's path.
  package let path: String
  private let lock: RunFolderLock

  /// Where its files are.
  package var files: RunFiles { RunFiles(folder: path) }

  /// Makes the folder, or takes over one of an earlier start, and locks it.
  ///
  /// - Throws: `TrainingError` or `FileError` (exit code 73, or 74 where the disk is full) if it cannot
  ///   be made or written, or is in use.
  package init(_ path: String) throws {
    self.path = path
    do throws(FileError) {
      try FileStore().makeFolder(path)
    } catch {
      guard error.exitCode == TrainingError.Code.cannotCreate.rawValue else { throw error }
      throw TrainingError(
        .cannotCreate,
        "run folder: \(path): found a place where no folder can be made (\(error.path): "
          + "\(error.detail)); expected a writable place; choose another --out")
    }
    lock = try RunFolderLock.waiting(folder: path)
  }

  /// What the user should know of the folder's lock; nil if there is nothing.
  var notice: String? { lock.notice }

  /// The calls on its files: none of them renames or removes what another run has put there meanwhile.
  var store: FileStore { guarding(FileStore()) }

  /// As `store`, by the calls of `files`; see `RunFolderLock.guarding`.
  package func guarding(_ files: FileStore) -> FileStore { lock.guarding(files) }

  /// Stops unless the folder still is this run's.
  ///
  /// - Throws: `FileError` (exit code 73) if it was removed or replaced meanwhile.
  func requireHeld() throws(FileError) { try lock.check() }

  /// Writes into the folder while it still is this run's.
  ///
  /// - Parameter body: the writing. Where it fails because the folder goes meanwhile, that is what is said,
  ///   and not which of its files was missed first.
  /// - Throws: `FileError` (exit code 73) if the folder was removed or replaced; else what `body` throws.
  package func whileHeld<R>(_ body: () throws(FileError) -> R) throws(FileError) -> R {
    try requireHeld()
    do throws(FileError) {
      return try body()
    } catch {
      try requireHeld()
      throw error
    }
  }

  /// Writes the resolved recipe.
  package func write(_ recipe: Recipe) throws(FileError) {
    try whileHeld { () throws(FileError) in
      try AtomicFile(files: store).write(recipe.resolvedYAML(), to: files.recipe)
    }
  }

  /// Checks the recipe with that of a folder whose checkpoints do not say what run they belong to.
  ///
  /// - Parameters:
  ///   - recipe: what is to be done.
  ///   - instructions: those of the checkpoint that the run goes on from, which the recipe may name
  ///     in place of others: nothing changes then.
  /// - Throws: `TrainingError` that lists the keys that differ, or says that there is no recipe.
  package func compareRecipe(_ recipe: Recipe, instructions: String? = nil) throws {
    guard let bytes = try WholeFile.bytes(files.recipe, limit: 1 << 20) else {
      throw refusal("checkpoints that do not name their run, and no recipe.yaml", ["recipe"])
    }
    guard !bytes.isEmpty, let text = String(validating: bytes, as: UTF8.self) else {
      throw refusal("checkpoints that do not name their run, and a damaged recipe.yaml", ["recipe"])
    }
    let earlier = try Recipe.decode(yaml: text, file: files.recipe)
    let keepsInstructions = recipe.keeps(instructions)
    let differences = recipe.differences(from: earlier).filter { difference in
      if keepsInstructions, difference.hasPrefix("train.instructions:") { return false }
      return !Key.all.contains { $0.effect == .nothing && difference.hasPrefix($0.path + ":") }
    }
    guard differences.isEmpty else {
      throw refusal("another recipe (\(differences.joined(separator: "; ")))", ["recipe"])
    }
  }

  /// What ends a start that would go on with another run.
  func refusal(_ found: String, _ parts: [String]) -> TrainingError {
    TrainingError(
      .badData,
      "run: \(path): found \(found); expected what the run was started with; change it back, choose "
        + "another --out, or add \(parts.map { "--accept \($0)" }.joined(separator: " "))")
  }
}
