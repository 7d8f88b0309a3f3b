import Files
import Foundation
import Runs
import Synchronization
import Testing
import WeightFiles

/// A run's folder that goes away while something is written there.
@Suite struct HeldFolderTests {
  /// A store under whose call number `chosen` the folder goes, just before it is done.
  private final class Going: Sendable {
    private let count = Mutex(0)
    private let chosen: Int
    private let go: @Sendable () -> Void

    init(at chosen: Int, _ go: @escaping @Sendable () -> Void) {
      self.chosen = chosen
      self.go = go
    }

    /// The calls so far.
    var calls: Int { count.withLock { $0 } }

    private func call<R>(_ body: () throws(SystemError) -> R) throws(SystemError) -> R {
      let isChosen = count.withLock { count in
        count += 1
        return count == chosen
      }
      if isChosen { go() }
      return try body()
    }

    /// The calls of a save by a name, which fail once the folder is gone; those by a descriptor go on.
    var files: FileStore {
      let system = FileStore()
      var files = FileStore()
      files.names = { path throws(SystemError) in
        try self.call { () throws(SystemError) in try system.names(path) }
      }
      files.freeBytes = { path throws(SystemError) in
        try self.call { () throws(SystemError) in try system.freeBytes(path) }
      }
      files.open = { path, flags, mode throws(SystemError) in
        try self.call { () throws(SystemError) in try system.open(path, flags, mode) }
      }
      files.rename = { old, new throws(SystemError) in
        try self.call { () throws(SystemError) in try system.rename(old, new) }
      }
      return files
    }
  }

  /// What stands in the folder's place once it has gone.
  enum Place: CaseIterable { case nothing, emptyFolder, anotherRun }

  /// Saves while the folder goes at a call; what is thrown, and how many calls there were.
  private func save(at call: Int, _ left: Place) throws -> (error: FileError?, calls: Int) {
    let place = NSTemporaryDirectory() + "/rdd-held-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: place) }
    let path = place + "/run"
    let folder = try RunFolder(path)
    try FileManager.default.createDirectory(
      atPath: folder.files.checkpoints, withIntermediateDirectories: false)
    let going = Going(at: call) {
      try? FileManager.default.moveItem(atPath: path, toPath: path + ".gone")
      if left == .emptyFolder { try? FileStore().makeFolder(path) }
      if left == .anotherRun {
        try? FileStore().makeFolder(path + "/checkpoints")
        try? AtomicFile().write("", to: path + "/.lock")
      }
    }
    let store = CheckpointStore(
      folder: folder.files.checkpoints, files: folder.guarding(going.files))
    let archive = TensorArchive(tensors: [], metadata: ["network": "none"])
    do throws(FileError) {
      _ = try folder.whileHeld { () throws(FileError) in try store.save(archive, iteration: 1) }
    } catch {
      let found = FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String }
      let expected = left == .anotherRun ? [".lock", "checkpoints"] : []
      #expect(found?.sorted() ?? [] == expected)
      return (error, going.calls)
    }
    return (nil, going.calls)
  }

  /// Reading back what has moved away is no missing input, and no fault of the disk. What another run has
  /// made meanwhile gets no file.
  @Test(arguments: Place.allCases)
  func whateverASaveMissesTheFolderIsSaidToBeGone(left: Place) throws {
    let calls = try save(at: .max, left).calls
    // Names, room, the temporary file, that read back, its name, the folder.
    try #require(calls == 6)
    // What is brought to the disk last may be the other run's folder: the file is saved where it moved.
    for call in 1...(left == .anotherRun ? 5 : calls) {
      let error = try save(at: call, left).error
      #expect(error?.kind == .locked && error?.exitCode == 73, "call \(call): \(error as Any)")
      #expect(error?.description.contains("removed or replaced meanwhile") == true)
    }
  }

  /// What fails in a folder that is there is told as it is.
  @Test func otherFailuresStay() throws {
    let place = NSTemporaryDirectory() + "/rdd-held-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: place) }
    let folder = try RunFolder(place)
    var files = FileStore()
    files.freeBytes = { _ throws(SystemError) in 0 }
    let error = #expect(throws: FileError.self) {
      try folder.whileHeld { () throws(FileError) in
        try AtomicFile(files: files).writeAtomically(
          TensorArchive(tensors: []), to: place + "/a.safetensors")
      }
    }
    #expect(error?.kind == .noSpace)
  }
}
