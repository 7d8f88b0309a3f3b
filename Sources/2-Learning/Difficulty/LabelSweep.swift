import Host

/// Labels in whole vectors, with the class count in place of 255.
struct LabelSweep {
  private let inputs: DifficultyInputs
  private let geometry: Geometry

  init(_ inputs: DifficultyInputs, _ geometry: Geometry) {
    self.inputs = inputs
    self.geometry = geometry
  }

  /// Fills `[imageCount, height, paddedWidth]` and returns each image's number of valid pixels.
  ///
  /// A label that is neither a class nor 255 stops the program.
  func run(_ buffer: Buffer<UInt8>, _ pool: WorkerPool) -> [Int] {
    let destination = buffer.reserve(inputs.images.count * geometry.mapSize)
    var counts = [Int](repeating: 0, count: inputs.images.count)
    counts.withUnsafeMutableBufferPointer { counts in
      pool.run(inputs.images.count) { image, _ in
        counts[image] = copy(image, to: destination + image * geometry.mapSize)
      }
    }
    return counts
  }

  private func copy(_ image: Int, to destination: UnsafeMutablePointer<UInt8>) -> Int {
    let width = geometry.width
    let classCount = UInt8(geometry.classCount)
    var valid = 0
    for y in 0..<geometry.height {
      let source = inputs.labels + (image * geometry.height + y) * width
      let row = destination + y * geometry.paddedWidth
      var ignored = 0
      var wrong = 0
      for x in 0..<width {
        let label = source[x]
        row[x] = label < classCount ? label : classCount
        ignored &+= label == 255 ? 1 : 0
        wrong &+= label >= classCount && label != 255 ? 1 : 0
      }
      for x in width..<geometry.paddedWidth { row[x] = classCount }
      require(
        wrong == 0,
        "DifficultyInputs: \(wrong) labels in row \(y) of image \(image) are neither below "
          + "\(classCount) nor 255")
      valid += width - ignored
    }
    return valid
  }
}
