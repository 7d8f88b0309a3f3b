import Files

/// Reading of weight files of any kind that this module knows.
package enum WeightFile {
  /// Reads safetensors, or a `state_dict` that `torch.save` wrote, by what the file begins with.
  ///
  /// Nothing in a file is executed, and memory is only taken after the sizes have been checked.
  ///
  /// - Parameters:
  ///   - name: the file, or a part of it as `run.pth#model_ema`.
  ///   - files: what reads it.
  package static func read(
    _ name: String, files: FileStore = FileStore()
  ) throws(FileError) -> TensorArchive {
    try read(WeightPlace(name, files: files), files: files)
  }

  /// The names and shapes of a safetensors file's tensors, from its header: none of the data is read.
  ///
  /// - Throws: `FileError` if it is missing, damaged or no safetensors file.
  package static func shapes(
    _ path: String, files: FileStore = FileStore()
  ) throws(FileError) -> [(name: String, shape: [Int])] {
    try SafetensorsReader.shapes(path, files: files)
  }

  /// The metadata of a safetensors file, from its header: none of the data is read.
  ///
  /// - Throws: `FileError` if it is missing, damaged or no safetensors file.
  package static func metadata(
    _ path: String, files: FileStore = FileStore()
  ) throws(FileError) -> [String: String] {
    try SafetensorsReader.metadata(path, files: files)
  }

  /// Reads what lies at `place`.
  package static func read(
    _ place: WeightPlace, files: FileStore = FileStore()
  ) throws(FileError) -> TensorArchive {
    let (start, count) = try { () throws(FileError) in
      let file = try InputFile.open(place.path, files: files)
      return (try file.bytes(min(512, file.byteCount)), file.byteCount)
    }()
    // As a length of a header, the start of a zip file or a pickle is far too large.
    let length = start.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    let isHeader = start.count >= 8 && length <= UInt64(SafetensorsHeader.byteLimit)
    if !isHeader, start.starts(with: [0x50, 0x4B]) || start.first == 0x80 {
      return try TorchFile.read(place, files: files)
    }
    if !isHeader, let kind = ForeignKind(of: start) {
      throw .refused(
        place.path, found: "\(kind.name) of \(count) bytes",
        expected: "safetensors or a file of torch.save", advice: kind.advice)
    }
    return try SafetensorsReader.read(place.path, files: files).below(place)
  }
}
