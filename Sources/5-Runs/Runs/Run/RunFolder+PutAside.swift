import Files
import Foundation
import Steps

extension RunFiles {
  /// The names of what a run has left in the folder.
  func own(_ store: FileStore = FileStore()) -> [String] {
    RunFiles.names.filter { (try? store.linkStatus("\(folder)/\($0)")) != nil }
      + ((try? store.names(folder)) ?? []).filter(BestWeights.isKept).sorted()
  }

  /// The path of something beside the folder, however that was named.
  private func beside(_ name: String) -> String {
    resolved.parent.appendingPathComponent(name).path
  }

  private var resolved: (parent: URL, name: String) {
    let url = URL(fileURLWithPath: folder).resolvingSymlinksInPath()
    return (url.deletingLastPathComponent(), url.lastPathComponent)
  }

  /// The folders beside this one that are for what is put aside, from 1. A name that would be too long is cut.
  fileprivate func aside(_ number: Int) -> (path: String, name: String) {
    let ending = ".earlier-\(number)"
    var name = resolved.name
    while name.utf8.count + ending.utf8.count > Int(NAME_MAX) { name.removeLast() }
    return (beside(name + ending), name + ending)
  }

  /// Where a start that was cut off was putting what the folder held; nil if there was none such.
  ///
  /// Nothing of the kind is said of a folder that was used by others since: what is in both places was not
  /// on its way.
  func interrupted(_ note: FreshNote?) -> (path: String, name: String)? {
    guard let name = note?.target, !name.contains("/") else { return nil }
    let path = beside(name)
    let moved = RunFiles(folder: path).own()
    return moved.isEmpty || !Set(moved).isDisjoint(with: own()) ? nil : (path, name)
  }
}

extension RunFolder {
  /// Puts what a run has left in the folder into a new folder beside it: all of it, or nothing.
  ///
  /// A start that is cut off at this leaves a note by which the next one completes it, whether that one
  /// begins anew or not.
  ///
  /// - Parameters:
  ///   - files: the calls on what is moved.
  ///   - start: whether the run begins anew, and for which job; one that did so before does not once more.
  /// - Returns: that folder; nil if there was nothing to be put aside.
  /// - Throws: `TrainingError` (exit code 74) where something cannot be renamed, `FileError`.
  package func putAside(
    _ files: FileStore = FileStore(), for start: RunStart = RunStart(isFresh: true)
  ) throws -> String? {
    let store = guarding(files)
    let note = try FreshNote.found(in: path)
    let interrupted = self.files.interrupted(note)
    guard interrupted != nil || start.isFresh && note?.isDone(for: start.job) != true else {
      return nil
    }
    let own = self.files.own(store)
    let done = FreshNote(job: start.isFresh ? start.job : note?.job)
    guard interrupted != nil || !own.isEmpty else {
      try write(done)
      return nil
    }
    let aside = try interrupted ?? makeFolderBeside(store)
    do throws(FileError) {
      try write(FreshNote(job: done.job, target: aside.name))
    } catch {
      if interrupted == nil { rmdir(aside.path) }
      throw error
    }
    var moved: [String] = []
    for name in own {
      do throws(SystemError) {
        try store.rename("\(path)/\(name)", "\(aside.path)/\(name)")
        moved.append(name)
      } catch {
        let lost = moved.reversed().filter { name in
          (try? store.rename("\(aside.path)/\(name)", "\(path)/\(name)")) == nil
        }
        let isWhole = lost.isEmpty && interrupted == nil
        if isWhole {
          try? write(note ?? FreshNote(job: nil))
          rmdir(aside.path)
        }
        throw notMoved(name, error, left: isWhole ? nil : aside.path)
      }
    }
    try write(done)
    return aside.path
  }

  /// Notes how far it is; nothing to note is no file.
  private func write(_ note: FreshNote) throws(FileError) {
    let place = FreshNote.path(path)
    try whileHeld { () throws(FileError) -> Void in
      guard note.text.isEmpty else {
        return try AtomicFile(files: store).write(note.text, to: place)
      }
      do throws(SystemError) {
        try store.unlink(place)
      } catch {
        guard error.code == ENOENT else { throw .system(place, "unlink", error) }
      }
    }
  }

  /// A new folder beside this one.
  private func makeFolderBeside(
    _ store: FileStore
  ) throws(FileError) -> (path: String, name: String) {
    var number = 1
    while true {
      let aside = files.aside(number)
      do throws(SystemError) {
        try store.mkdir(aside.path)
        return aside
      } catch {
        guard error.code == EEXIST else { throw .creation(aside.path, "mkdir", error) }
        number += 1
      }
    }
  }

  /// What ends a start that could not put something aside.
  private func notMoved(_ name: String, _ error: SystemError, left: String?) -> TrainingError {
    let reason =
      switch error.code {
      case EXDEV where isMount: "; \(path) is a mount, and its files cannot leave it"
      case EBUSY, EXDEV: ": a mount, or a layer of a container"
      default: ""
      }
    return TrainingError(
      .writeFailed,
      "--fresh: \(path)/\(name): found what cannot be renamed (\(error)\(reason)); expected to put it "
        + "beside the folder; "
        + (left.map { "a part is in \($0) now" } ?? "nothing was put aside")
        + "; choose another --out, or put the run's files aside by hand")
  }

  /// Whether the folder is on another file system than what is beside it.
  private var isMount: Bool {
    let above = URL(fileURLWithPath: path).resolvingSymlinksInPath().deletingLastPathComponent()
    let own = try? FileStore().status(path)
    return own?.device != (try? FileStore().status(above.path))?.device
  }
}
