import Files

/// Reading of networks from ONNX files.
package enum ONNXFile {
  /// Reads a model; nothing in it is executed, and memory is taken only after lengths have been checked.
  ///
  /// - Parameters:
  ///   - path: the file. Data outside of it is read from files beside it alone.
  ///   - limits: what the file may ask for at most.
  ///   - files: what reads.
  /// - Throws: `FileError` if a file is missing, damaged or hostile, or of an opset before 11 or after 23.
  package static func read(
    _ path: String, limits: Limits = Limits(), files: FileStore = FileStore()
  ) throws(FileError) -> Graph {
    let file = try InputFile.open(path, files: files)
    guard file.byteCount <= limits.fileBytes else {
      throw .refused(
        path, found: "\(file.byteCount) bytes", expected: "at most \(limits.fileBytes)",
        advice: "save the weights as external data")
    }
    let region = try file.region(file.byteCount)
    let message = WireReader(region, path: path, part: "model", range: 0..<region.count)
    let reading = ModelReading(path: path, limits: limits, files: files)
    return try Graph(try ModelMessage(message, reading), reading, contentHash: region.contentHash)
  }
}
