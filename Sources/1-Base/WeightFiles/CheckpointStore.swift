import Files
import Glibc

/// The checkpoints of one run: a folder with a file `iteration_0001200.safetensors` for each.
///
/// What `save` returned for survives any crash: it is on the disk, read back and verified. Only one
/// process may use the folder; `RunFolderLock` sees to that.
package struct CheckpointStore: Sendable {
  /// A checkpoint that was read and verified.
  package struct Checkpoint: Sendable {
    /// The iteration after which it was saved.
    package let iteration: Int
    /// Its file.
    package let path: String
    /// Its content.
    package let archive: TensorArchive
  }

  /// What a start finds.
  package struct Recovery: Sendable {
    /// The newest valid checkpoint. If there is none but `refused` is not empty, all are damaged:
    /// do not train from scratch over them.
    package let newest: Checkpoint?
    /// Why each newer one was refused, newest first.
    package let refused: [FileError]
  }

  /// The folder.
  package let folder: String
  /// How many of the last checkpoints stay.
  package let keep: Int
  private let files: FileStore

  /// The checkpoints in `folder`, of which the last `keep` (2 or more) stay.
  package init(folder: String, keep: Int = 2, files: FileStore = FileStore()) {
    precondition(keep >= 2, "keep \(keep): one damaged file must leave another")
    self.folder = folder
    self.keep = keep
    self.files = files
  }

  /// Makes the folder if it is missing and removes temporary files of dead processes.
  ///
  /// - Returns: the names that were removed.
  /// - Throws: `FileError`; `notWritable` (exit code 73) where something else stands in the folder's place.
  package func prepare() throws(FileError) -> [String] {
    var isNew = true
    do throws(SystemError) {
      try files.mkdir(folder)
    } catch {
      guard error.code == EEXIST else { throw .system(folder, "mkdir", error) }
      isNew = false
    }
    if isNew { try AtomicFile(files: files).syncFolder(split(folder).folder) }
    do throws(FileError) {
      return try AtomicFile(files: files).removeLeftOvers(in: folder)
    } catch {
      try requireFolder()
      throw error
    }
  }

  /// Stops where a file, or a link that leads nowhere, has the folder's name.
  private func requireFolder() throws(FileError) {
    let target = files.linkTarget(folder)
    let found: String? =
      if files.isAbsent(folder) {
        target.map { "a link to \(quoted($0)), where nothing is" }
      } else {
        (try? files.status(folder)).flatMap {
          $0.kind == .folder ? nil : "something that is no folder"
        }
      }
    guard let found else { return }
    throw FileError(
      kind: .notWritable, path: folder,
      detail: "found \(found); expected a folder of checkpoints; "
        + (target == nil
          ? "move it away" : "mount that disk, make a folder there, or remove the link"))
  }

  /// Saves `archive` as the checkpoint after `iteration`.
  ///
  /// The name must be new, or that of a file that is not valid, or that holds the same already. Older
  /// checkpoints beyond `keep` are removed last. A folder that somebody has removed is made again.
  ///
  /// - Returns: the older files that could not be removed.
  /// - Throws: when the checkpoint is not acknowledged; the older ones are as they were.
  package func save(
    _ archive: TensorArchive, iteration: Int
  ) throws(FileError) -> [FileError] {
    precondition(iteration >= 0, "iteration \(iteration)")
    let path = path(iteration)
    let names = try names()
    if names == nil { _ = try prepare() }
    let iterations = Self.iterations(names ?? [])
    var archive = archive
    archive.metadata[Self.iterationKey] = String(iteration)
    // One that is equal is written once more all the same: whether it is on the disk, nobody knows.
    if iterations.contains(iteration), let found = try? read(iteration),
      !archive.isStored(as: found)
    {
      throw .refused(
        path, found: "a valid checkpoint of other content", expected: "a new name, or an equal one",
        advice: "train on in another folder")
    }
    try AtomicFile(files: files).writeAtomically(archive, to: path)
    return removeOlder(than: iteration, iterations)
  }

  /// Reads the newest checkpoint that is valid, going to the next older one after each refusal.
  package func newestValid() throws(FileError) -> Recovery {
    var refused: [FileError] = []
    for iteration in Self.iterations(try names() ?? []).reversed() {
      do throws(FileError) {
        let archive = try read(iteration)
        let newest = Checkpoint(iteration: iteration, path: path(iteration), archive: archive)
        return Recovery(newest: newest, refused: refused)
      } catch {
        refused.append(error)
      }
    }
    return Recovery(newest: nil, refused: refused)
  }

  /// The metadata of the newest checkpoint whose header is whole, and its file; nil if there is none. Nothing
  /// else of it is read.
  package func newestMetadata() -> (path: String, metadata: [String: String])? {
    let names = (try? names()) ?? []
    for iteration in Self.iterations(names).reversed() {
      let path = path(iteration)
      if let metadata = try? WeightFile.metadata(path, files: files) { return (path, metadata) }
    }
    return nil
  }

  private static let prefix = "iteration_"
  private static let suffix = ".safetensors"
  private static let iterationKey = "iteration"

  /// The file of the checkpoint after `iteration`.
  package func path(_ iteration: Int) -> String { folder + "/" + Self.name(iteration) }

  private static func name(_ iteration: Int) -> String {
    let digits = String(iteration)
    return prefix + String(repeating: "0", count: max(0, 7 - digits.count)) + digits + suffix
  }

  private func read(_ iteration: Int) throws(FileError) -> TensorArchive {
    let path = path(iteration)
    let archive = try SafetensorsReader.read(path, hashRequired: true, files: files)
    let found = archive.metadata[Self.iterationKey] ?? "none"
    guard found == String(iteration) else {
      throw .refused(
        path, "__metadata__", found: "iteration \(quoted(found))", expected: "\(iteration)",
        advice: "restore the file's own name")
    }
    return archive
  }

  /// The names in the folder; nil for one that was never made, or is gone.
  private func names() throws(FileError) -> [String]? {
    do throws(SystemError) {
      return try files.names(folder)
    } catch {
      guard error.code != ENOENT else { return nil }
      throw .system(folder, "opendir", error)
    }
  }

  /// The iterations of files of these names, ascending.
  private static func iterations(_ names: [String]) -> [Int] {
    names.compactMap { name in
      guard name.hasPrefix(prefix), name.hasSuffix(suffix),
        let iteration = Int(name.dropFirst(prefix.count).dropLast(suffix.count)),
        iteration >= 0, Self.name(iteration) == name
      else { return nil }
      return iteration
    }.sorted()
  }

  /// Removes what is older than the last `keep` up to `iteration`.
  ///
  /// Newer names do not count: they are files that were refused at the start.
  private func removeOlder(than iteration: Int, _ iterations: [Int]) -> [FileError] {
    var failures: [FileError] = []
    for old in iterations.filter({ $0 < iteration }).dropLast(keep - 1) {
      do throws(SystemError) {
        try files.unlink(path(old))
      } catch {
        failures.append(.system(path(old), "unlink", error))
      }
    }
    return failures
  }
}
