import Files
import WeightFiles

/// A `TensorProto`: dims 1, data_type 2, segment 3, float_data 4, int32_data 5, int64_data 7, name 8,
/// raw_data 9, double_data 10, external_data 13, data_location 14.
struct TensorMessage {
  private let reading: ModelReading
  private let message: WireReader
  private var name = ""
  private var shape: [Int] = []
  private var dataType = 0
  private var raw: ByteRegion?
  private var hasTypedData = false
  private var isExternal = false
  private var external: [String: String] = [:]

  /// Reads a tensor, whose data stays in the file's region where it lies there as it is needed.
  static func read(
    _ message: WireReader, _ reading: ModelReading
  ) throws(FileError) -> StoredTensor {
    var tensor = TensorMessage(reading, message)
    try tensor.readFields()
    return try tensor.stored()
  }

  private init(_ reading: ModelReading, _ message: WireReader) {
    self.reading = reading
    self.message = message
  }

  private var place: String { "tensor \(quoted(name)) at byte \(message.range.lowerBound)" }

  private mutating func readFields() throws(FileError) {
    var reader = message
    while let field = try reader.next() {
      switch field.number {
      case 1:
        try reader.numbers(field, .varint) { bits throws(FileError) in
          guard shape.count < reading.limits.axes else {
            throw refused(found: "more axes", expected: "at most \(reading.limits.axes)")
          }
          shape.append(Int(truncatingIfNeeded: bits))
        }
      case 2: dataType = try reader.integer(field)
      case 3: throw refused(found: "a segment of a tensor", expected: "all of it")
      case 4, 5, 7, 10: hasTypedData = true
      case 8: name = try reader.onlyText(field, limit: reading.limits.nameBytes)
      case 9: raw = try reader.onlyBytes(field)
      case 13:
        let (key, value) = try TextPair.read(try reader.message(field, "external_data"), reading)
        guard external.updateValue(value, forKey: key) == nil, external.count <= 8 else {
          throw refused(found: "the key \(quoted(key)) again or more keys", expected: "each once")
        }
      case 14: isExternal = try reader.integer(field) == 1
      default: break
      }
    }
  }

  private func stored() throws(FileError) -> StoredTensor {
    guard let type = ElementType(onnx: dataType) else {
      throw refused(
        found: "data_type \(dataType)", expected: "one of \(ElementType.onnxNames)",
        advice: "export the network in float32")
    }
    guard let byteCount = StoredTensor.byteCount(type, shape) else {
      throw refused(
        found: "the shape \(listed(shape)), negative or too large",
        expected: "less than 2^63 bytes")
    }
    let bytes = try bytes(type, count: byteCount)
    if type == .bool, let byte = bytes.withUnsafeBytes({ $0.first { $0 > 1 } }) {
      throw refused(found: "the truth value \(byte)", expected: "0 or 1")
    }
    return StoredTensor(name: name, elementType: type, shape: shape, bytes: bytes)
  }

  private func bytes(_ type: ElementType, count: Int) throws(FileError) -> ByteRegion {
    guard [isExternal, raw != nil, hasTypedData].filter({ $0 }).count <= 1 else {
      throw refused(found: "data in two forms", expected: "one")
    }
    if isExternal { return try reading.external.bytes(external, count: count, place: place) }
    let found: ByteRegion
    if let raw { found = raw } else { found = try typedData(type, byteCount: count) }
    guard found.count == count else {
      throw refused(
        found: "\(found.count) bytes of data",
        expected: "\(count) for \(type.rawValue) \(listed(shape))")
    }
    return found
  }

  /// The numbers of the field that holds elements of such a type, as bytes; at most `byteCount`. They
  /// grow with what the file holds, not with what the shape promises.
  private func typedData(_ type: ElementType, byteCount: Int) throws(FileError) -> ByteRegion {
    let (number, form): (Int, WireField.Form) =
      switch type {
      case .f32: (4, .fourBytes)
      case .f64: (10, .eightBytes)
      case .i64: (7, .varint)
      default: (5, .varint)
      }
    var bytes: [UInt8] = []
    var reader = message
    while let field = try reader.next() {
      guard field.number != number else {
        try reader.numbers(field, form) { bits throws(FileError) in
          guard bytes.count < byteCount else {
            throw refused(
              found: "more numbers",
              expected: "\(byteCount / type.byteCount) for \(type.rawValue) \(listed(shape))")
          }
          guard type.holds(bits) else {
            throw refused(
              found: "the number \(Int64(bitPattern: bits))", expected: "one of \(type.rawValue)")
          }
          withUnsafeBytes(of: bits.littleEndian) { bytes += $0.prefix(type.byteCount) }
        }
        continue
      }
      guard ![4, 5, 6, 7, 10, 11].contains(field.number) else {
        throw refused(
          found: "data in field \(field.number)",
          expected: "field \(number) for \(type.rawValue)")
      }
    }
    return ByteRegion(copying: bytes)
  }

  private func refused(
    found: String, expected: String, advice: String = "use another copy of the file"
  ) -> FileError {
    .refused(message.path, place, found: found, expected: expected, advice: advice)
  }
}

extension ElementType {
  /// ONNX's numbers of the types that are read.
  private static let onnx: [Int: ElementType] = [
    1: .f32, 2: .u8, 3: .i8, 6: .i32, 7: .i64, 9: .bool, 10: .f16, 11: .f64, 16: .bf16,
  ]

  /// The names of the types that are read, for messages.
  static var onnxNames: String {
    onnx.sorted { $0.key < $1.key }.map { "\($0.key) (\($0.value.rawValue))" }
      .joined(separator: " ")
  }

  /// The type that ONNX has under a number; nil for those that are not read.
  init?(onnx number: Int) {
    guard let type = Self.onnx[number] else { return nil }
    self = type
  }

  /// Whether a number of a typed field is one of this type.
  fileprivate func holds(_ bits: UInt64) -> Bool {
    let value = Int64(bitPattern: bits)
    return switch self {
    case .bool: 0...1 ~= value
    case .u8: 0...255 ~= value
    case .i8: -128...127 ~= value
    case .i32: Int64(Int32.min)...Int64(Int32.max) ~= value
    // The bits of a half.
    case .f16, .bf16: 0...0xFFFF ~= value
    default: true
    }
  }
}
