import Files
import Foundation
import WeightFiles

/// The bytes of a file.
func contents(_ path: String) throws -> [UInt8] {
  Array(try Data(contentsOf: URL(fileURLWithPath: path)))
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
