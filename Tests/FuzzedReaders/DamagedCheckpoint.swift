import Files
import Foundation
import WeightFiles

/// A valid checkpoint that an input damages: none but the whole one is accepted.
enum DamagedCheckpoint {
  private static let iteration = 100

  private static let whole: [UInt8] = {
    let folder = NSTemporaryDirectory() + "/rdd-checkpoint-\(getpid())"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    do {
      let store = CheckpointStore(folder: folder)
      _ = try store.prepare()
      let tensors = (1...3).map { index in
        StoredTensor(
          name: "layer\(index).weight", elementType: .f32, shape: [index, 5],
          bytes: ByteRegion(copying: (0..<index * 5).map { Float($0) / 7 }))
      }
      _ = try store.save(TensorArchive(tensors: tensors), iteration: iteration)
      return Array(try Data(contentsOf: URL(fileURLWithPath: store.path(iteration))))
    } catch {
      fatalError("\(error)")
    }
  }()

  /// Reads the checkpoint after the damage that `input` says: an odd first byte cuts the file at the
  /// place in the next two; then each three bytes are a place and what is flipped there.
  ///
  /// - Returns: whether it was accepted; ends the process if it was and is not the whole one.
  static func read(_ input: [UInt8]) -> Bool {
    func place(_ index: Int) -> Int {
      (Int(input[index]) | Int(input[index + 1]) << 8) % whole.count
    }
    var bytes = whole
    var next = 1
    if let first = input.first, first % 2 == 1, input.count >= 3 {
      bytes = Array(bytes[..<place(1)])
      next = 3
    }
    while next + 3 <= input.count {
      let place = place(next)
      if place < bytes.count { bytes[place] ^= input[next + 2] }
      next += 3
    }
    var files = MemoryFile.store(bytes)
    files.names = { _ throws(SystemError) in ["iteration_0000100.safetensors"] }
    let recovery = try? CheckpointStore(folder: "checkpoints", files: files).newestValid()
    let isAccepted = recovery?.newest != nil
    precondition(isAccepted == (bytes == whole), "\(input)")
    return isAccepted
  }
}
