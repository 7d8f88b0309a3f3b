import Files
import Foundation
import TestSupport
import Testing
import WeightFiles

/// Errors at every single call of a save: never an invalid file that is accepted, never an older
/// checkpoint lost, never an acknowledged one that is not there.
@Suite struct FaultTests {
  private static let faults: [FailingStore.Fault] =
    [EIO, ENOSPC, EDQUOT, EINTR, EACCES, EMFILE, EROFS].map { .error($0) }
    + [EIO, EINTR].map { .errorAfter($0) } + [.short, .death]

  /// A folder with checkpoints 100, 200 and 300, of which the next save removes the first.
  private func prepared() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    for iteration in [100, 200, 300] {
      let store = CheckpointStore(folder: folder.path, keep: 3)
      _ = try store.save(.sample(iteration), iteration: iteration)
    }
    return folder
  }

  /// Saves checkpoint 400 with keep 2; whether it was acknowledged.
  private func save(_ folder: TemporaryFolder, _ failing: FailingStore) -> FileError? {
    let store = CheckpointStore(folder: folder.path, files: failing.files)
    do throws(FileError) {
      _ = try store.prepare()
      _ = try store.save(.sample(400), iteration: 400)
      return nil
    } catch {
      return error
    }
  }

  @Test func theCallsOfASaveAreKnown() throws {
    let counting = FailingStore()
    #expect(save(try prepared(), counting) == nil)
    let names = counting.names
    #expect(
      names == [
        "mkdir", "opendir", "opendir", "stat", "statvfs", "open", "write", "fsync", "close",
        "open", "fstat", "read", "read", "read", "close", "rename", "open", "fsync", "close",
        "unlink", "unlink",
      ])
  }

  @Test(arguments: faults.indices)
  func everyCallMayFail(_ index: Int) throws {
    var acknowledged = 0
    for call in 0..<21 {
      let folder = try prepared()
      let failing = FailingStore(at: call, Self.faults[index])
      let error = save(folder, failing)
      let place = "call \(call) \(Self.faults[index])"
      let store = CheckpointStore(folder: folder.path)
      let recovery = try store.newestValid()
      #expect(recovery.refused == [], "\(place)")
      let newest = try #require(recovery.newest)
      if let error {
        #expect(!error.description.contains("\n"))
        // After the rename both outcomes are legal; before it, the old file is the newest.
        let isRenamed = failing.names.contains("rename") && newest.iteration == 400
        #expect(isRenamed || newest.iteration == 300, "\(place)")
        for old in [200, 300] { _ = try WeightFile.read(store.path(old)) }
      } else {
        acknowledged += 1
        #expect(newest.iteration == 400, "\(place)")
      }
      #expect(newest.archive.facts == TensorArchive.sample(newest.iteration).facts, "\(place)")
      // The next start cleans up and trains on.
      _ = try store.prepare()
      if newest.iteration == 300 { _ = try store.save(.sample(400), iteration: 400) }
      _ = try store.save(.sample(500), iteration: 500)
      #expect(
        try folder.names == ["iteration_0000400.safetensors", "iteration_0000500.safetensors"])
    }
    // Short writes and reads are gone on with; any other fault stops some of the saves.
    if case .short = Self.faults[index] {
      #expect(acknowledged == 21)
    } else {
      #expect((1..<21).contains(acknowledged))
    }
  }

  /// What is read back differs from what was written: the disk lies, the save says so.
  @Test func aWriteThatChangesAByteIsNoticed() throws {
    for place in 0..<8 {
      let folder = try prepared()
      let counter = FailingStore()
      var files = counter.files
      let write = files.write
      files.write = { descriptor, buffer throws(SystemError) in
        var bytes = Array(buffer)
        bytes[bytes.count * place / 8] ^= 4
        let copy = bytes
        var result: Result<Int, SystemError> = .success(0)
        copy.withUnsafeBytes { copied in
          result = Result { () throws(SystemError) in try write(descriptor, copied) }
        }
        return try result.get()
      }
      let store = CheckpointStore(folder: folder.path, files: files)
      do throws(FileError) {
        _ = try store.save(.sample(400), iteration: 400)
        Issue.record("a change of byte \(place) / 8 was not noticed")
      } catch {
        #expect(error.kind == .refused)
      }
      #expect(try folder.names.count == 3)
      #expect(try CheckpointStore(folder: folder.path).newestValid().newest?.iteration == 300)
    }
  }

  @Test(arguments: faults.indices)
  func replacingMayFailAnywhere(_ index: Int) throws {
    for call in 0..<21 {
      let folder = try TemporaryFolder()
      let path = folder.path + "/best.safetensors"
      try AtomicFile().writeAtomically(.sample(1), to: path)
      let failing = FailingStore(at: call, Self.faults[index])
      do throws(FileError) {
        try AtomicFile(files: failing.files).writeAtomically(.sample(2), to: path)
        #expect(try WeightFile.read(path).facts == TensorArchive.sample(2).facts)
      } catch {
        let facts = try WeightFile.read(path).facts
        #expect([1, 2].contains { facts == TensorArchive.sample($0).facts })
      }
    }
  }

  /// Errors while reading are reported as what they are, not as damage.
  @Test func readingMayFail() throws {
    let folder = try prepared()
    let path = CheckpointStore(folder: folder.path).path(300)
    let counting = FailingStore()
    #expect(refusal(path, files: counting.files) == nil)
    for call in counting.names.indices where counting.names[call] != "close" {
      let message = try #require(refusal(path, files: FailingStore(at: call, .error(EIO)).files))
      #expect(message.hasPrefix("file failed: \(path): "), "\(message)")
      #expect(refusal(path, files: FailingStore(at: call, .short).files) == nil)
    }
  }

  @Test func aFileThatShrinksDuringReadingIsRefused() throws {
    let folder = try prepared()
    let path = CheckpointStore(folder: folder.path).path(300)
    var files = FileStore()
    let byteCount = files.byteCount
    files.byteCount = { descriptor throws(SystemError) in
      try byteCount(descriptor).map { $0 + 8 }
    }
    #expect(try #require(refusal(path, files: files)).contains("expected"))
  }

  @Test func oneRunLocksTheFolder() throws {
    let folder = try TemporaryFolder()
    var first: RunFolderLock? = try RunFolderLock(folder: folder.path)
    do throws(FileError) {
      _ = try RunFolderLock(folder: folder.path)
      Issue.record("the folder was locked twice")
    } catch {
      #expect(error.kind == .locked)
      #expect(error.exitCode == 73)
      #expect(error.description.hasPrefix("run folder in use: \(folder.path)/.lock: found a lock"))
    }
    #expect(first != nil)
    first = nil
    _ = try RunFolderLock(folder: folder.path)
    #expect(throws: FileError.self) { try RunFolderLock(folder: folder.path + "/none") }
  }
}
