import Foundation
import WeightFiles

/// The tensors of one golden file.
struct Fixture {
  private let archive: TensorArchive

  /// Reads `Tests/Fixtures/golden/<name>.safetensors`.
  init(_ name: String) throws {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    archive = try WeightFile.read(
      folder.appendingPathComponent("Fixtures/golden/\(name).safetensors").path)
  }

  /// A value of the metadata.
  func metadata(_ key: String) -> String { archive.metadata[key] ?? "" }

  /// Whether there is such a tensor.
  func has(_ name: String) -> Bool { archive[name] != nil }

  /// The shape of a tensor.
  func shape(_ name: String) -> [Int] { archive[name]?.shape ?? [] }

  /// The elements of a tensor, whose type must be the file's.
  func values<Value: BitwiseCopyable>(_ name: String, as type: Value.Type = Value.self) -> [Value] {
    guard let tensor = archive[name] else { fatalError("Fixture: no tensor \(name)") }
    let size = MemoryLayout<Value>.stride
    precondition(size == tensor.elementType.byteCount, "\(name): \(tensor.elementType) as \(type)")
    return tensor.bytes.withUnsafeBytes { raw in
      (0..<tensor.elementCount).map { raw.loadUnaligned(fromByteOffset: $0 * size, as: type) }
    }
  }

  /// A tensor of one float64.
  func scalar(_ name: String) -> Double { values(name, as: Double.self)[0] }

  /// Labels with 255 in place of -1.
  func labels(_ name: String) -> [UInt8] {
    values(name, as: Int8.self).map(UInt8.init(bitPattern:))
  }
}
