import Files
import Foundation
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
    lock = try RunFolderLock(folder: path)
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

  /// Puts what a run has left in the folder into a new folder beside it: all of it, or nothing.
  ///
  /// - Parameter files: the calls on files.
  /// - Returns: that folder; nil if there was nothing of a run.
  /// - Throws: `TrainingError` (exit code 74) where something cannot be renamed, `FileError`.
  package func putAside(_ files: FileStore = FileStore()) throws -> String? {
    let store = guarding(files)
    let own =
      RunFiles.names.filter { (try? store.linkStatus("\(path)/\($0)")) != nil }
      + ((try? store.names(path)) ?? []).filter(BestWeights.isKept).sorted()
    guard !own.isEmpty else { return nil }
    let aside = try makeFolderBeside(store)
    var moved: [String] = []
    for name in own {
      do throws(SystemError) {
        try store.rename("\(path)/\(name)", "\(aside)/\(name)")
        moved.append(name)
      } catch {
        let lost = moved.reversed().filter { name in
          (try? store.rename("\(aside)/\(name)", "\(path)/\(name)")) == nil
        }
        if lost.isEmpty { rmdir(aside) }
        throw notMoved("\(path)/\(name)", error, left: lost.isEmpty ? nil : aside)
      }
    }
    return aside
  }

  /// A new folder beside this one, however it was named.
  private func makeFolderBeside(_ store: FileStore) throws(FileError) -> String {
    let name = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    var number = 1
    while true {
      let aside = "\(name).earlier-\(number)"
      do throws(SystemError) {
        try store.mkdir(aside)
        return aside
      } catch {
        guard error.code == EEXIST else { throw .system(aside, "mkdir", error) }
        number += 1
      }
    }
  }

  /// What ends a start that could not put something aside.
  private func notMoved(_ file: String, _ error: SystemError, left: String?) -> TrainingError {
    let isMount = error.code == EBUSY || error.code == EXDEV
    let reason = isMount ? ": a mount, or a layer of a container" : ""
    return TrainingError(
      .writeFailed,
      "--fresh: \(file): found what cannot be renamed (\(error)\(reason)); expected to put it beside the folder; "
        + (left.map { "a part is in \($0) now" } ?? "nothing was put aside")
        + "; choose another --out, or put the run's files aside by hand")
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
