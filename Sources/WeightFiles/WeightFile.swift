import Files

/// Reading of weight files of any kind that this module knows.
public enum WeightFile {
  /// Reads safetensors, or a `state_dict` that `torch.save` wrote, by what the file begins with.
  ///
  /// Nothing in a file is executed, and memory is only taken after the sizes have been checked.
  public static func read(
    _ path: String, files: FileStore = FileStore()
  ) throws(FileError) -> TensorArchive {
    let start = try { () throws(FileError) in
      let file = try InputFile.open(path, files: files)
      return try file.bytes(min(8, file.byteCount))
    }()
    // As a length of a header, the start of a zip file or a pickle is far too large.
    let length = start.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    let isHeader = start.count == 8 && length <= UInt64(SafetensorsHeader.byteLimit)
    if !isHeader, start.starts(with: [0x50, 0x4B]) || start.first == 0x80 {
      return try TorchFile.read(path, files: files)
    }
    return try SafetensorsReader.read(path, files: files)
  }
}
