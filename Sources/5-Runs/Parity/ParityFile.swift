import Foundation
import WeightFiles

/// A file of reference numbers: inputs `in.*`, what must come out of them `out.*`, and parameters in
/// the metadata.
package struct ParityFile: Sendable {
  /// The file's path.
  package let path: String
  private let archive: TensorArchive

  /// Reads a safetensors file.
  package init(_ path: String) throws(ParityError) {
    self.path = path
    do { archive = try WeightFile.read(path) } catch { throw ParityError(error) }
  }

  /// The file's name without folder and extension.
  package var name: String {
    URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
  }

  /// The expected tensors in the file's order.
  var outputs: [StoredTensor] { archive.tensors.filter { $0.name.hasPrefix("out.") } }

  /// The names of the helper values.
  var references: [String] { archive.tensors.map(\.name).filter { $0.hasPrefix("ref.") } }

  /// A file in the same folder.
  func sibling(_ name: String) throws(ParityError) -> ParityFile {
    try ParityFile(
      URL(fileURLWithPath: path).deletingLastPathComponent().appendingPathComponent(name).path)
  }

  /// The path of a file in the same folder, of the same name but for its extension.
  func beside(_ pathExtension: String) -> String {
    URL(fileURLWithPath: path).deletingPathExtension().appendingPathExtension(pathExtension).path
  }

  func refused(_ place: String, found: String, expected: String) -> ParityError {
    ParityError(path, place, found: found, expected: expected)
  }
}

// MARK: Metadata

extension ParityFile {
  /// A parameter as it is written.
  func text(_ key: String) throws(ParityError) -> String {
    guard let value = archive.metadata[key] else {
      throw refused("__metadata__", found: "no \(key)", expected: "a value")
    }
    return value
  }

  /// A finite number.
  func number(_ key: String) throws(ParityError) -> Double {
    let text = try text(key)
    guard let value = Double(text), value.isFinite else {
      throw refused(key, found: "'\(text.prefix(40))'", expected: "a number")
    }
    return value
  }

  /// A whole number of a range.
  func whole(_ key: String, _ range: ClosedRange<Int>) throws(ParityError) -> Int {
    let text = try text(key)
    guard let value = Int(text), range.contains(value) else {
      throw refused(key, found: "'\(text.prefix(40))'", expected: "a whole number in \(range)")
    }
    return value
  }

  /// A truth value.
  func flag(_ key: String) throws(ParityError) -> Bool { try json(key, Bool.self) }

  /// A parameter that is written as JSON.
  func json<Value: Decodable>(_ key: String, _: Value.Type) throws(ParityError) -> Value {
    let text = try text(key)
    do { return try JSONDecoder().decode(Value.self, from: Data(text.utf8)) } catch {
      throw refused(key, found: "'\(text.prefix(40))'", expected: "JSON of \(Value.self)")
    }
  }

  /// Stops unless a parameter is what this program has as a constant.
  func require(_ key: String, _ value: Double) throws(ParityError) {
    let found = try number(key)
    guard found == value else {
      throw refused(key, found: "\(found)", expected: "\(value), which this program is built with")
    }
  }
}

// MARK: Tensors

extension ParityFile {
  /// Whether there is such a tensor.
  func has(_ name: String) -> Bool { archive[name] != nil }

  /// A tensor of a shape; -1 stands for any length of at least 1.
  func tensor(_ name: String, _ shape: [Int]) throws(ParityError) -> StoredTensor {
    guard let tensor = archive[name] else {
      throw refused(name, found: "no such tensor", expected: "a tensor \(shape)")
    }
    let fits =
      tensor.shape.count == shape.count
      && zip(tensor.shape, shape).allSatisfy { $1 == -1 ? $0 >= 1 : $0 == $1 }
    guard fits, tensor.elementCount <= 1 << 28 else {
      throw refused(name, found: "shape \(tensor.shape)", expected: "\(shape)")
    }
    return tensor
  }

  /// A tensor of any shape.
  func tensor(named name: String) throws(ParityError) -> StoredTensor {
    guard let tensor = archive[name] else {
      throw refused(name, found: "no such tensor", expected: "a tensor")
    }
    return tensor
  }

  /// A tensor's shape.
  func shape(_ name: String, _ shape: [Int]) throws(ParityError) -> [Int] {
    try tensor(name, shape).shape
  }

  /// The elements of a float32 tensor.
  func floats(_ name: String, _ shape: [Int]) throws(ParityError) -> [Float] {
    try elements(name, shape, .f32)
  }

  /// The elements of an int64 tensor.
  func integers(_ name: String, _ shape: [Int]) throws(ParityError) -> [Int64] {
    try elements(name, shape, .i64)
  }

  /// The elements of a uint8 tensor.
  func bytes(_ name: String, _ shape: [Int]) throws(ParityError) -> [UInt8] {
    try elements(name, shape, .u8)
  }

  /// Class indices of an int8 tensor whose -1 is ignored: 255 here.
  func labels(
    _ name: String, _ shape: [Int], classCount: Int
  ) throws(ParityError) -> [UInt8] {
    let values: [Int8] = try elements(name, shape, .i8)
    guard values.allSatisfy({ $0 >= -1 && Int($0) < classCount }) else {
      throw refused(
        name, found: "labels from \(values.min() ?? 0) to \(values.max() ?? 0)",
        expected: "-1 to \(classCount - 1)")
    }
    return values.map { UInt8(bitPattern: $0) }
  }

  private func elements<Value: BitwiseCopyable>(
    _ name: String, _ shape: [Int], _ type: ElementType
  ) throws(ParityError) -> [Value] {
    let tensor = try tensor(name, shape)
    guard tensor.elementType == type else {
      throw refused(name, found: tensor.elementType.rawValue, expected: type.rawValue)
    }
    return tensor.elements()
  }
}

extension StoredTensor {
  /// The elements, whose type must be `Value`'s.
  fileprivate func elements<Value: BitwiseCopyable>(as _: Value.Type = Value.self) -> [Value] {
    let size = MemoryLayout<Value>.stride
    return bytes.withUnsafeBytes { raw in
      (0..<raw.count / size).map { raw.loadUnaligned(fromByteOffset: $0 * size, as: Value.self) }
    }
  }

  /// The elements as doubles; nil for types that reference numbers do not have.
  var doubles: [Double]? {
    switch elementType {
    case .f64: elements(as: Double.self)
    case .f32: elements(as: Float.self).map { Double($0) }
    case .i64: elements(as: Int64.self).map { Double($0) }
    case .i32: elements(as: Int32.self).map { Double($0) }
    case .u32: elements(as: UInt32.self).map { Double($0) }
    case .i8: elements(as: Int8.self).map { Double($0) }
    case .u8: elements(as: UInt8.self).map { Double($0) }
    default: nil
    }
  }
}
