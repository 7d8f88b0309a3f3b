import Files
import Foundation
import Runs
import Steps
import Testing
import WeightFiles

/// How many checkpoints a full disk may cost.
@Suite struct SaveLimitTests {
  /// What saving on a disk without room throws.
  private func fullDisk() throws -> FileError {
    var files = FileStore()
    files.freeBytes = { _ throws(SystemError) in 0 }
    let path = NSTemporaryDirectory() + "/rdd-save-limit.safetensors"
    do {
      try AtomicFile(files: files).writeAtomically(TensorArchive(tensors: []), to: path)
    } catch {
      return error
    }
    throw TrainingError(.internalFailure, "saved on a disk without room")
  }

  /// The limit of `ulimit -f` can be raised from outside.
  @Test func aLimitOnFileSizesIsLikeAFullDisk() throws {
    var files = FileStore()
    files.write = { _, _ throws(SystemError) in throw SystemError(code: EFBIG) }
    let path = NSTemporaryDirectory() + "/rdd-file-limit.safetensors"
    let error = #expect(throws: FileError.self) {
      try AtomicFile(files: files).writeAtomically(TensorArchive(tensors: []), to: path)
    }
    var limit = SaveLimit()
    #expect(try limit.missed(#require(error), isLast: false) == 1)
    #expect(error?.exitCode == 74)
  }

  @Test func aFullDiskCostsTwoCheckpoints() throws {
    let error = try fullDisk()
    var limit = SaveLimit()
    for _ in 0..<3 {
      #expect(try limit.missed(error, isLast: false) == 1)
      #expect(try limit.missed(error, isLast: false) == 2)
      limit.saved()
    }
    _ = try limit.missed(error, isLast: false)
    _ = try limit.missed(error, isLast: false)
    #expect(throws: error) { try limit.missed(error, isLast: false) }
  }

  @Test func theLastCheckpointCannotBeLeftOut() throws {
    let error = try fullDisk()
    var limit = SaveLimit()
    #expect(throws: error) { try limit.missed(error, isLast: true) }
  }

  @Test func whatCannotPassEndsTheRunAtOnce() {
    var limit = SaveLimit()
    let error = TrainingError(.badData, "another failure")
    #expect(throws: TrainingError.self) { try limit.missed(error, isLast: false) }
  }
}
