import Foundation

/// The tensors of one golden file.
struct Fixture {
  private let header: [String: Any]
  private let data: Data

  /// Reads `Tests/Fixtures/golden/<name>.safetensors`.
  init(_ name: String) throws {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    let file = folder.appendingPathComponent("Fixtures/golden/\(name).safetensors")
    let bytes = try Data(contentsOf: file)
    let length = bytes.withUnsafeBytes { Int($0.loadUnaligned(as: UInt64.self)) }
    let parsed = try JSONSerialization.jsonObject(with: bytes.subdata(in: 8..<8 + length))
    header = parsed as? [String: Any] ?? [:]
    data = bytes.subdata(in: 8 + length..<bytes.count)
  }

  /// A value of the metadata.
  func metadata(_ key: String) -> String {
    (header["__metadata__"] as? [String: String])?[key] ?? ""
  }

  /// Whether there is such a tensor.
  func has(_ name: String) -> Bool { header[name] != nil }

  /// The shape of a tensor.
  func shape(_ name: String) -> [Int] {
    (header[name] as? [String: Any])?["shape"] as? [Int] ?? []
  }

  /// The elements of a tensor, whose type must be the file's.
  func values<Value>(_ name: String, as type: Value.Type = Value.self) -> [Value] {
    guard let entry = header[name] as? [String: Any],
      let offsets = entry["data_offsets"] as? [Int]
    else { fatalError("Fixture: no tensor \(name)") }
    let part = data.subdata(in: offsets[0]..<offsets[1])
    return part.withUnsafeBytes { raw in
      (0..<part.count / MemoryLayout<Value>.stride).map {
        raw.loadUnaligned(fromByteOffset: $0 * MemoryLayout<Value>.stride, as: type)
      }
    }
  }

  /// A tensor of one float64.
  func scalar(_ name: String) -> Double { values(name, as: Double.self)[0] }

  /// Labels with 255 in place of -1.
  func labels(_ name: String) -> [UInt8] {
    values(name, as: Int8.self).map(UInt8.init(bitPattern:))
  }
}
