import Files

/// An archive laid out as `torch.save` lays out a `state_dict` in its zip layout.
///
/// Nothing is compressed, and data start at multiples of 64, as PyTorch itself writes them.
struct TorchImage {
  /// The whole file, piece by piece.
  private(set) var regions: [ByteRegion] = []
  private(set) var byteCount = 0
  private var directory: [UInt8] = []
  private var entryCount = 0

  /// Zip without its 64-bit extension ends here.
  static let byteLimit = 0xFFFF_FFFF - (1 << 20)

  /// Lays out `archive`; `path` is for messages.
  ///
  /// - Throws: `FileError` if a tensor's type is none of PyTorch's, or there is too much.
  init(_ archive: TensorArchive, path: String) throws(FileError) {
    var pickle = TorchPickle()
    for (index, tensor) in archive.tensors.enumerated() {
      guard pickle.add(tensor, storage: "\(index)") else {
        throw .refused(
          path, "tensor \(quoted(tensor.name))", found: tensor.elementType.rawValue,
          expected: "a type that PyTorch stores", advice: "write safetensors")
      }
    }
    let total = archive.tensors.reduce(0) { $0 + $1.bytes.count }
    guard total < Self.byteLimit, archive.tensors.count < 60_000 else {
      throw .refused(
        path, found: "\(total) bytes in \(archive.tensors.count) tensors",
        expected: "less than 4 GiB in 60000", advice: "write safetensors")
    }
    add("archive/data.pkl", ByteRegion(copying: pickle.finished))
    add("archive/byteorder", ByteRegion(copying: Array("little".utf8)))
    for (index, tensor) in archive.tensors.enumerated() {
      add("archive/data/\(index)", tensor.bytes)
    }
    add("archive/version", ByteRegion(copying: Array("3\n".utf8)))
    let start = byteCount
    var end = directory
    end += Self.little(0x0605_4B50, 4) + [UInt8](repeating: 0, count: 4)
    end += Self.little(entryCount, 2) + Self.little(entryCount, 2)
    end += Self.little(directory.count, 4) + Self.little(start, 4) + [0, 0]
    append(ByteRegion(copying: end))
  }

  private mutating func add(_ name: String, _ data: ByteRegion) {
    let name = Array(name.utf8)
    let checksum = Int(CRC32.checksum(data))
    // Version 2.0, no flags, stored, no time; the 1st of January 1980.
    let common =
      Self.little(20, 2) + Self.little(0, 2) + Self.little(0, 2) + Self.little(0, 2)
      + Self.little(0x21, 2) + Self.little(checksum, 4) + Self.little(data.count, 4)
      + Self.little(data.count, 4) + Self.little(name.count, 2)
    let start = byteCount
    // An extra field of zeros brings the data to their place.
    let before = start + 30 + name.count + 4
    let padding = (64 - before % 64) % 64
    let extra = Array("FB".utf8) + Self.little(padding, 2) + [UInt8](repeating: 0, count: padding)
    let head = Self.little(0x0403_4B50, 4) + common + Self.little(extra.count, 2) + name + extra
    append(ByteRegion(copying: head))
    append(data)
    directory +=
      Self.little(0x0201_4B50, 4) + Self.little(20, 2) + common + Self.little(0, 2)
      + Self.little(0, 2) + Self.little(0, 2) + Self.little(0, 2) + Self.little(0, 4)
      + Self.little(start, 4) + name
    entryCount += 1
  }

  private mutating func append(_ region: ByteRegion) {
    regions.append(region)
    byteCount += region.count
  }

  private static func little(_ value: Int, _ byteCount: Int) -> [UInt8] {
    (0..<byteCount).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }
}

/// The pickle of a `state_dict`: an OrderedDict of tensors over storages.
private struct TorchPickle {
  // PROTO 2, then `collections.OrderedDict()`, to be filled between MARK and SETITEMS.
  private var bytes: [UInt8] = [0x80, 2] + Self.orderedDict + Array("(".utf8)

  /// The pickle with its end: SETITEMS, STOP.
  var finished: [UInt8] { bytes + Array("u.".utf8) }

  /// GLOBAL, EMPTY_TUPLE, REDUCE.
  private static let orderedDict = Array("ccollections\nOrderedDict\n)R".utf8)

  /// Adds a tensor; false if PyTorch has no storage of its type.
  mutating func add(_ tensor: StoredTensor, storage key: String) -> Bool {
    guard let storage = Self.storage(tensor.elementType) else { return false }
    var stride = 1
    let strides = tensor.shape.reversed().map { size -> Int in
      defer { stride *= size }
      return stride
    }
    text(tensor.name)
    ascii("ctorch._utils\n_rebuild_tensor_v2\n(")
    // The storage's persistent id: MARK, its five parts, TUPLE, BINPERSID.
    ascii("(")
    text("storage")
    ascii("ctorch\n\(storage)\n")
    text(key)
    text("cpu")
    integer(tensor.elementCount)
    ascii("tQ")
    integer(0)
    tuple(tensor.shape)
    tuple(strides.reversed())
    // No gradient, no hooks; TUPLE, REDUCE.
    bytes.append(0x89)
    bytes += Self.orderedDict
    ascii("tR")
    return true
  }

  private mutating func ascii(_ text: String) { bytes += Array(text.utf8) }

  /// BINUNICODE.
  private mutating func text(_ text: String) {
    let utf8 = Array(text.utf8)
    bytes.append(UInt8(ascii: "X"))
    bytes += (0..<4).map { UInt8(truncatingIfNeeded: utf8.count >> (8 * $0)) } + utf8
  }

  /// LONG1: a count of bytes, and the number in two's complement.
  private mutating func integer(_ value: Int) {
    bytes += [0x8A, 8] + (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }

  private mutating func tuple(_ values: [Int]) {
    ascii("(")
    for value in values { integer(value) }
    ascii("t")
  }

  private static func storage(_ type: ElementType) -> String? {
    switch type {
    case .f64: "DoubleStorage"
    case .f32: "FloatStorage"
    case .f16: "HalfStorage"
    case .bf16: "BFloat16Storage"
    case .i64: "LongStorage"
    case .i32: "IntStorage"
    case .i16: "ShortStorage"
    case .i8: "CharStorage"
    case .u8: "ByteStorage"
    case .bool: "BoolStorage"
    case .u32, .u64: nil
    }
  }
}
