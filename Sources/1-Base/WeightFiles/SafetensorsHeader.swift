import Files

/// The checked header of a safetensors file.
///
/// A file is the header's length (8 bytes, little endian), the header (JSON) and the data, which the
/// tensors cover without holes or overlaps up to the end of the file.
struct SafetensorsHeader {
  /// A tensor's type, shape and place in the data.
  struct Entry {
    let name: String
    let elementType: ElementType
    let shape: [Int]
    let range: Range<Int>
  }

  /// The tensors in the header's order.
  private(set) var entries: [Entry] = []
  private(set) var metadata: [String: String] = [:]
  /// Where the digits of the header's own hash stand in the header.
  private(set) var ownHashRange: Range<Int>?

  /// The metadata key of the data's hash.
  static let dataHashKey = "data_xxh3_128"
  /// The metadata key of the header's hash, computed with zeros in place of its own digits.
  static let headerHashKey = "header_xxh3_128"
  /// More header than this is refused: a thousand tensors need about 100 KiB.
  static let byteLimit = 16 << 20

  /// Parses and checks a header whose file has `dataByteCount` bytes after it.
  init(parsing text: [UInt8], dataByteCount: Int, path: String) throws(FileError) {
    var scanner = JSONScanner(text, path: path, offset: 8)
    try scanner.object { scanner, key throws(FileError) in
      if key == "__metadata__" {
        try scanner.object { scanner, key throws(FileError) in
          let (value, raw) = try scanner.string()
          metadata[key] = value
          if key == Self.headerHashKey { ownHashRange = raw }
        }
      } else {
        entries.append(try Self.entry(key, &scanner, path: path))
      }
    }
    try scanner.end()
    try checkCoverage(dataByteCount: dataByteCount, path: path)
  }

  private static func entry(
    _ name: String, _ scanner: inout JSONScanner, path: String
  ) throws(FileError) -> Entry {
    let place = "tensor \(quoted(name))"
    var typeName: String?
    var shape: [Int]?
    var offsets: [Int]?
    try scanner.object { scanner, key throws(FileError) in
      switch key {
      case "dtype": typeName = try scanner.string().value
      case "shape": shape = try scanner.wholeNumbers()
      case "data_offsets": offsets = try scanner.wholeNumbers()
      default:
        throw .refused(
          path, place, found: "the key \(quoted(key))", expected: "dtype, shape, data_offsets")
      }
    }
    guard let typeName, let shape, let offsets else {
      throw .refused(
        path, place, found: "a key missing", expected: "dtype, shape, data_offsets")
    }
    guard let elementType = ElementType(rawValue: typeName) else {
      let known = ElementType.allCases.map(\.rawValue).joined(separator: " ")
      throw .refused(
        path, place, found: "dtype \(quoted(typeName))", expected: "one of \(known)",
        advice: "convert the tensor")
    }
    guard offsets.count == 2, offsets[0] <= offsets[1] else {
      throw .refused(
        path, place, found: "data_offsets \(listed(offsets))", expected: "[start, end]")
    }
    guard let byteCount = StoredTensor.byteCount(elementType, shape) else {
      throw .refused(
        path, place, found: "shape \(listed(shape)) that overflows",
        expected: "less than 2^63 bytes")
    }
    guard byteCount == offsets[1] - offsets[0] else {
      throw .refused(
        path, place, found: "\(offsets[1] - offsets[0]) bytes of data",
        expected: "\(byteCount) for \(elementType.rawValue) \(listed(shape))")
    }
    return Entry(
      name: name, elementType: elementType, shape: shape, range: offsets[0]..<offsets[1])
  }

  /// Checks that the tensors cover the data without holes and overlaps.
  private func checkCoverage(dataByteCount: Int, path: String) throws(FileError) {
    var end = 0
    let inDataOrder = entries.sorted {
      ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound)
    }
    for entry in inDataOrder {
      guard entry.range.lowerBound == end else {
        throw .refused(
          path, "tensor \(quoted(entry.name))", found: "its data at \(entry.range.lowerBound)",
          expected: "\(end), where the tensor before it ends")
      }
      end = entry.range.upperBound
    }
    guard end == dataByteCount else {
      throw .refused(
        path, "data", found: "\(dataByteCount) bytes", expected: "\(end) as the tensors say")
    }
  }
}

/// The first numbers of a list, for a message.
package func listed(_ numbers: [Int]) -> String {
  let shown = numbers.prefix(8).map(String.init).joined(separator: ", ")
  return "[" + shown + (numbers.count > 8 ? ", ...]" : "]")
}
