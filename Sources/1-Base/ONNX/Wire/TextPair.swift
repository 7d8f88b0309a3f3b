import Files

/// A `StringStringEntryProto`: key 1, value 2.
enum TextPair {
  static func read(
    _ message: WireReader, _ reading: ModelReading
  ) throws(FileError) -> (key: String, value: String) {
    var reader = message
    var (key, value) = ("", "")
    while let field = try reader.next() {
      switch field.number {
      case 1: key = try reader.onlyText(field, limit: reading.limits.nameBytes)
      case 2: value = try reader.onlyText(field, limit: reading.limits.textBytes)
      default: break
      }
    }
    return (key, value)
  }
}

/// An `OperatorSetIdProto`: domain 1, version 2.
enum OperatorSet {
  /// The versions of ONNX's own operators that are read.
  static let versions = 11...23

  /// The name of ONNX's own domain, which has two.
  static func name(_ domain: String) -> String { domain == "ai.onnx" ? "" : domain }

  /// Adds a domain and its version to those that a model or function imports.
  static func read(
    _ message: WireReader, _ reading: ModelReading, into sets: inout [String: Int]
  ) throws(FileError) {
    var reader = message
    var (domain, version) = ("", 0)
    while let field = try reader.next() {
      switch field.number {
      case 1: domain = try reader.onlyText(field, limit: reading.limits.nameBytes)
      case 2: version = try reader.integer(field)
      default: break
      }
    }
    domain = name(domain)
    guard sets.updateValue(version, forKey: domain) == nil else {
      throw .refused(
        message.path, message.part, found: "the operator set \(quoted(domain)) again",
        expected: "it once")
    }
    guard !domain.isEmpty || versions ~= version else {
      throw .refused(
        message.path, message.part, found: "ONNX's operator set \(version)",
        expected: "\(versions.lowerBound) to \(versions.upperBound)",
        advice: "export the network with opset_version=18")
    }
  }
}
