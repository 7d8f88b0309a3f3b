import Files

/// Reading of safetensors files.
enum SafetensorsReader {
  /// Reads a file; hashes in its metadata are verified, and must be there if `hashRequired`.
  static func read(
    _ path: String, hashRequired: Bool = false, files: FileStore
  ) throws(FileError) -> TensorArchive {
    let file = try InputFile.open(path, files: files)
    let (header, dataByteCount) = try readHeader(file, hashRequired: hashRequired)
    let data = try file.region(dataByteCount)
    if let expected = header.metadata[SafetensorsHeader.dataHashKey] {
      var hash = DataHash()
      data.withUnsafeBytes { hash.update($0) }
      try check(hash.digits, expected, of: "data", path: path)
    }
    let tensors = header.entries.map {
      StoredTensor(
        name: $0.name, elementType: $0.elementType, shape: $0.shape, bytes: data[$0.range])
    }
    return TensorArchive(tensors: tensors, metadata: header.metadata)
  }

  /// Checks a file as `read` does, with the hash `dataHash`, without holding its data.
  static func verify(
    _ path: String, dataHash: String?, files: FileStore
  ) throws(FileError) {
    let file = try InputFile.open(path, files: files)
    let (header, dataByteCount) = try readHeader(file, hashRequired: true)
    var hash = DataHash()
    let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
    defer { piece.deallocate() }
    var done = 0
    while done < dataByteCount {
      let part = UnsafeMutableRawBufferPointer(
        rebasing: piece[..<min(piece.count, dataByteCount - done)])
      try file.read(into: part)
      hash.update(UnsafeRawBufferPointer(part))
      done += part.count
    }
    let expected = dataHash ?? header.metadata[SafetensorsHeader.dataHashKey] ?? ""
    try check(hash.digits, expected, of: "data", path: path)
  }

  /// The names and shapes of a file's tensors; none of the data is read.
  static func shapes(
    _ path: String, files: FileStore
  ) throws(FileError) -> [(name: String, shape: [Int])] {
    let file = try InputFile.open(path, files: files)
    return try readHeader(file, hashRequired: false).header.entries.map { ($0.name, $0.shape) }
  }

  /// The metadata of a file; none of the data is read.
  static func metadata(_ path: String, files: FileStore) throws(FileError) -> [String: String] {
    try readHeader(InputFile.open(path, files: files), hashRequired: false).header.metadata
  }

  /// Reads and checks all before the data.
  private static func readHeader(
    _ file: borrowing InputFile, hashRequired: Bool
  ) throws(FileError) -> (header: SafetensorsHeader, dataByteCount: Int) {
    let path = file.path
    guard file.byteCount >= 8 else {
      throw .refused(path, found: "\(file.byteCount) bytes", expected: "8 or more")
    }
    let lengthWord = try file.bytes(8)
    let length = lengthWord.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard length <= UInt64(SafetensorsHeader.byteLimit) else {
      throw .refused(
        path, "byte 0", found: "a header of \(length) bytes",
        expected: "at most \(SafetensorsHeader.byteLimit)")
    }
    guard Int(length) <= file.byteCount - 8 else {
      throw .refused(
        path, "byte 0", found: "a header of \(length) bytes",
        expected: "at most the \(file.byteCount - 8) that follow")
    }
    let text = try file.bytes(Int(length))
    let dataByteCount = file.byteCount - 8 - text.count
    let header = try SafetensorsHeader(parsing: text, dataByteCount: dataByteCount, path: path)
    try checkHeaderHash(header, lengthWord + text, required: hashRequired, path: path)
    return (header, dataByteCount)
  }

  private static func checkHeaderHash(
    _ header: SafetensorsHeader, _ bytes: [UInt8], required: Bool, path: String
  ) throws(FileError) {
    let hasDataHash = header.metadata[SafetensorsHeader.dataHashKey] != nil
    guard let range = header.ownHashRange else {
      guard !hasDataHash, !required else {
        throw .refused(
          path, "__metadata__", found: "no \(SafetensorsHeader.headerHashKey)",
          expected: "a hash of the header", advice: advice)
      }
      return
    }
    guard hasDataHash else {
      throw .refused(
        path, "__metadata__", found: "no \(SafetensorsHeader.dataHashKey)",
        expected: "a hash of the data", advice: advice)
    }
    var zeroed = bytes
    zeroed.replaceSubrange(
      range.lowerBound + 8..<range.upperBound + 8,
      with: repeatElement(UInt8(ascii: "0"), count: DataHash.digitCount))
    var hash = DataHash()
    hash.update(zeroed)
    let expected = header.metadata[SafetensorsHeader.headerHashKey] ?? ""
    try check(hash.digits, expected, of: "header", path: path)
  }

  private static func check(
    _ found: String, _ expected: String, of part: String, path: String
  ) throws(FileError) {
    guard Array(found.utf8) == Array(expected.utf8) else {
      throw .refused(
        path, "hash of the \(part)", found: found, expected: quoted(expected), advice: advice)
    }
  }

  private static let advice = "use another copy, or remove both hashes if you changed it on purpose"
}
