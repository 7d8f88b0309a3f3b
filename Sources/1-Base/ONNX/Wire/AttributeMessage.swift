import Files

/// An `AttributeProto`: name 1, f 2, i 3, s 4, t 5, floats 7, ints 8, strings 9, type 20,
/// ref_attr_name 21.
struct AttributeMessage {
  /// The types that are read, by ONNX's numbers, and the fields that hold their values.
  private enum Kind: Int {
    case real = 1, integer, text, tensor, reals = 6, integers, texts

    var field: Int {
      switch self {
      case .real: 2
      case .integer: 3
      case .text: 4
      case .tensor: 5
      case .reals: 7
      case .integers: 8
      case .texts: 9
      }
    }
  }

  private(set) var name = ""
  /// ONNX's number of the value's type.
  private(set) var type = 0
  /// The attribute of the function around it that has the value; empty if the value is here.
  private(set) var reference = ""
  private(set) var value = Attribute.other("nothing")

  init(_ message: WireReader, _ reading: ModelReading) throws(FileError) {
    var reader = message
    while let field = try reader.next() {
      switch field.number {
      case 1: name = try reader.onlyText(field, limit: reading.limits.nameBytes)
      case 20: type = try reader.integer(field)
      case 21: reference = try reader.onlyText(field, limit: reading.limits.nameBytes)
      default: break
      }
    }
    if reference.isEmpty { value = try Self.value(message, type: type, reading) }
  }

  /// Reads the field that the type names; a number of 0 may have been left out.
  private static func value(
    _ message: WireReader, type: Int, _ reading: ModelReading
  ) throws(FileError) -> Attribute {
    guard let kind = Kind(rawValue: type) else { return .other(otherName(type)) }
    var (integers, reals, texts): ([Int], [Float], [String]) = ([], [], [])
    var value: Attribute?
    var reader = message
    while let field = try reader.next() {
      guard field.number == kind.field else { continue }
      func check(_ count: Int) throws(FileError) {
        try reading.spend(1)
        guard count < reading.limits.attributeValues else {
          throw reader.refused(
            at: field.start, found: "more values",
            expected: "at most \(reading.limits.attributeValues)")
        }
      }
      switch kind {
      case .real: value = .real(try reader.float(field))
      case .integer: value = .integer(try reader.integer(field))
      case .text: value = .text(try reader.onlyText(field, limit: reading.limits.textBytes))
      case .tensor:
        let tensor = try reader.onlyMessage(field, "tensor")
        value = .tensor(try TensorMessage.read(tensor, reading))
      case .reals:
        try reader.numbers(field, .fourBytes) { bits throws(FileError) in
          try check(reals.count)
          reals.append(Float(bitPattern: UInt32(truncatingIfNeeded: bits)))
        }
      case .integers:
        try reader.numbers(field, .varint) { bits throws(FileError) in
          try check(integers.count)
          integers.append(Int(truncatingIfNeeded: bits))
        }
      case .texts:
        try check(texts.count)
        texts.append(try reader.text(field, limit: reading.limits.textBytes))
      }
    }
    return switch kind {
    case .real: value ?? .real(0)
    case .integer: value ?? .integer(0)
    case .text: value ?? .text("")
    case .tensor: value ?? .other("no tensor")
    case .reals: .reals(reals)
    case .integers: .integers(integers)
    case .texts: .texts(texts)
    }
  }

  private static func otherName(_ type: Int) -> String {
    switch type {
    case 0: "no type"
    case 5: "a graph"
    case 9: "tensors"
    case 10: "graphs"
    case 11, 12: "sparse tensors"
    case 13, 14: "types"
    default: "type \(type)"
    }
  }
}
