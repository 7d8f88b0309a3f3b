import Files
import Foundation
import WeightFiles

/// A folder that is gone with the value.
final class TemporaryFolder: Sendable {
  let path: String

  init() throws {
    // In memory where there is such a folder: the tests bring thousands of files to the disk.
    let shared = "/dev/shm"
    let isThere = FileManager.default.isWritableFile(atPath: shared)
    path = (isThere ? shared : NSTemporaryDirectory()) + "/weights-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Writes a file of this folder and returns its path.
  func write(_ bytes: [UInt8], as name: String = "file") throws -> String {
    let file = path + "/" + name
    try Data(bytes).write(to: URL(fileURLWithPath: file))
    return file
  }

  var names: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
  }
}

/// The bytes of a file.
func contents(_ path: String) throws -> [UInt8] {
  Array(try Data(contentsOf: URL(fileURLWithPath: path)))
}

/// The folder `Tests/Fixtures/<name>`.
func fixtures(_ name: String) -> String {
  URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Fixtures/\(name)").path
}

/// What a message says after `<kind>: <path>: `; nil if nothing was refused.
func refusal(_ path: String, files: FileStore = FileStore()) -> String? {
  do throws(FileError) {
    _ = try WeightFile.read(path, files: files)
    return nil
  } catch {
    precondition(!error.description.contains("\n"), "one line: \(error)")
    return error.kind == .refused ? error.detail : error.description
  }
}

extension TensorArchive {
  /// A small archive whose content depends on `seed`.
  static func sample(_ seed: Int = 0) -> TensorArchive {
    let floats = (0..<10).map { Float($0 + seed) * 0.5 }
    return TensorArchive(
      tensors: [
        StoredTensor(
          name: "count", elementType: .i64, shape: [], bytes: ByteRegion(copying: [Int64(seed)])),
        StoredTensor(
          name: "layer.weight", elementType: .f32, shape: [2, 5], bytes: ByteRegion(copying: floats)
        ),
        StoredTensor(
          name: "mask", elementType: .u8, shape: [3],
          bytes: ByteRegion(copying: [1, 2, 3] as [UInt8])
        ),
      ], metadata: ["recipe": "tiny"])
  }

  /// Names, types, shapes and bytes, to compare.
  var facts: [String] {
    tensors.map { "\($0.name) \($0.elementType) \($0.shape) \($0.bytes.array)" }
  }
}

extension ByteRegion {
  /// A copy of the bytes.
  var array: [UInt8] { withUnsafeBytes { Array($0) } }
}

/// `value` in little endian bytes.
func littleEndian<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
  withUnsafeBytes(of: value.littleEndian) { Array($0) }
}
