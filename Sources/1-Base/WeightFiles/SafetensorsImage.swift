import Files

/// An archive laid out as a safetensors file, ready to be written piece by piece.
///
/// The data start at a multiple of 8 and larger elements come first, so every tensor is aligned to
/// its element; the header keeps the archive's order.
struct SafetensorsImage {
  /// The length word and the header.
  let head: ByteRegion
  /// The tensors' bytes in the order of the data.
  let regions: [ByteRegion]
  /// The hash of the data.
  let dataHash: String
  /// Bytes of the whole file.
  var byteCount: Int { regions.reduce(head.count) { $0 + $1.count } }

  /// Lays out `archive` and hashes it; the hashes join the metadata.
  init(_ archive: TensorArchive) {
    let tensors = archive.tensors
    let dataOrder = tensors.indices.sorted {
      let (first, second) = (tensors[$0].elementType.byteCount, tensors[$1].elementType.byteCount)
      return first == second ? $0 < $1 : first > second
    }
    var offsets = [Range<Int>](repeating: 0..<0, count: tensors.count)
    var end = 0
    var hash = DataHash()
    for index in dataOrder {
      offsets[index] = end..<end + tensors[index].bytes.count
      end = offsets[index].upperBound
      tensors[index].bytes.withUnsafeBytes { hash.update($0) }
    }
    regions = dataOrder.map { tensors[$0].bytes }
    dataHash = hash.digits

    var metadata = archive.metadata
    metadata[SafetensorsHeader.dataHashKey] = dataHash
    metadata[SafetensorsHeader.headerHashKey] = nil
    let zeros = String(repeating: "0", count: DataHash.digitCount)
    let ownHash = Self.string(SafetensorsHeader.headerHashKey) + ":\""
    let pairs = metadata.sorted { $0.key < $1.key }.map {
      Self.string($0.key) + ":" + Self.string($0.value)
    }
    // The header's own hash stands first, where its place is known.
    let opening = "{\"__metadata__\":{" + ownHash
    var text = opening + zeros + "\"," + pairs.joined(separator: ",") + "}"
    for (tensor, range) in zip(tensors, offsets) {
      text += ",\(Self.string(tensor.name)):{\"dtype\":\"\(tensor.elementType.rawValue)\","
      text += "\"shape\":[\(tensor.shape.map(String.init).joined(separator: ","))],"
      text += "\"data_offsets\":[\(range.lowerBound),\(range.upperBound)]}"
    }
    text += "}"
    var header = Array(text.utf8)
    header += repeatElement(UInt8(ascii: " "), count: (8 - header.count % 8) % 8)
    precondition(header.count <= SafetensorsHeader.byteLimit, "header of \(header.count) bytes")

    var head = (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) } + header
    var headerHash = DataHash()
    headerHash.update(head)
    let start = 8 + opening.utf8.count
    head.replaceSubrange(start..<start + DataHash.digitCount, with: headerHash.digits.utf8)
    self.head = ByteRegion(copying: head)
  }

  /// The bytes of the head: hashes included, it says all that the file holds.
  fileprivate var headBytes: [UInt8] { head.withUnsafeBytes { Array($0) } }

  /// `text` as a JSON string.
  private static func string(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": result += "\\" + String(scalar)
      case "\u{0}"..<" ":
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}

extension TensorArchive {
  /// Whether a safetensors file of this archive has the bytes of one of another.
  func isStored(as other: TensorArchive) -> Bool {
    SafetensorsImage(self).headBytes == SafetensorsImage(other).headBytes
  }
}
