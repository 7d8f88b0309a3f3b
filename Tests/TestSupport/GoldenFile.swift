import WeightFiles

/// A file of reference numbers, `Tests/Fixtures/golden/<name>.safetensors`.
public struct GoldenFile {
  private let archive: TensorArchive

  /// Reads the file of a name without extension.
  public init(_ name: String) throws {
    archive = try WeightFile.read(Repository.fixture("golden/\(name).safetensors"))
  }

  /// A value of the metadata; empty if there is none.
  public func metadata(_ key: String) -> String { archive.metadata[key] ?? "" }

  /// Whether there is such a tensor.
  public func has(_ name: String) -> Bool { archive[name] != nil }

  /// The shape of a tensor; that of a scalar if there is none.
  public func shape(_ name: String) -> [Int] { archive[name]?.shape ?? [] }

  /// The elements of a tensor, row-major. The tensor must be there and of that type.
  public func values<Value: BitwiseCopyable>(
    _ name: String, as type: Value.Type = Value.self
  ) -> [Value] {
    guard let tensor = archive[name] else { fatalError("GoldenFile: no tensor \(name)") }
    let size = MemoryLayout<Value>.stride
    precondition(size == tensor.elementType.byteCount, "\(name): \(tensor.elementType) as \(type)")
    return tensor.bytes.withUnsafeBytes { raw in
      (0..<tensor.elementCount).map { raw.loadUnaligned(fromByteOffset: $0 * size, as: type) }
    }
  }

  /// A tensor of one float64.
  public func scalar(_ name: String) -> Double { values(name, as: Double.self)[0] }

  /// Labels with 255 in place of -1.
  public func labels(_ name: String) -> [UInt8] {
    values(name, as: Int8.self).map(UInt8.init(bitPattern:))
  }
}
