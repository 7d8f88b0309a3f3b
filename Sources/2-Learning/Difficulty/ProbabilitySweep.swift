/// The probabilities that decide which pixels are hard, one network output at a time.
struct ProbabilitySweep {
  let geometry: Geometry
  let confidence: DifficultyOptions.Confidence
  /// Labels, `[imageCount, height, paddedWidth]`; ignored ones hold the class count.
  let labels: UnsafePointer<UInt8>

  /// Computes the probabilities of one task: some low-resolution rows of one image of one output.
  ///
  /// - Parameters:
  ///   - logits: the image's logits, `[classCount, lowHeight, lowWidth]`.
  ///   - image: the image's position on this rank.
  ///   - chunk: the task's position in the image.
  ///   - map: the image's probabilities, `[height, paddedWidth]`: in [0, 1], NaN where ignored.
  /// - Returns: whether a valid pixel has no probability because a logit is not a number; such a
  ///   pixel gets 1.
  func run(
    _ logits: UnsafePointer<Float>, image: Int, chunk: Int, map: UnsafeMutablePointer<Float>,
    _ space: Workspace
  ) -> Bool {
    var broken = false
    let padded = geometry.paddedWidth
    let imageLabels = labels + image * geometry.mapSize
    space.startRows()
    // Ignored labels choose the entry after the last class.
    space.current[geometry.classCount] = Vector(repeating: .nan)
    let ignored = UInt64(geometry.classCount) &* 0x0101_0101_0101_0101
    for band in geometry.bands(chunk) {
      let outputRows = geometry.outputRows(band)
      if outputRows.isEmpty { continue }
      space.expandBand(logits, band)
      var column = 0
      while column < padded {
        space.loadBlock(band, column)
        for y in outputRows {
          let here = imageLabels + (y * padded + column)
          let place = UnsafeMutableRawPointer(map + (y * padded + column))
          let words = UnsafeRawPointer(here).loadUnaligned(as: SIMD2<UInt64>.self)
          if words[0] == ignored && words[1] == ignored {
            place.storeBytes(of: Vector(repeating: .nan), as: Vector.self)
            space.skipRow()
            continue
          }
          let sum = space.exponentiate(y)
          let chosen = choose(space.current, here)
          var probability = (confidence == .maximum ? largest(space, chosen) : chosen) / sum
          let one = Vector(repeating: 1)
          probability = probability.replacing(with: one, where: probability .> one)
          let doubtful =
            (sum .< Vector(repeating: PrecisePixel.smallestSum)) .| (sum .!= sum)
            .| (chosen .< Vector(repeating: PrecisePixel.smallestExponential))
          if anyLane(doubtful) {
            for lane in 0..<16 where doubtful[lane] && Int(here[lane]) < geometry.classCount {
              let pixel = PrecisePixel(
                geometry, logits, y: y, x: column + lane, label: Int(here[lane]),
                probabilities: space.precise)
              let value = Float(
                confidence == .maximum ? pixel.maximumProbability : pixel.labelProbability)
              if value.isNaN { broken = true }
              probability[lane] = value.isNaN ? 1 : value
            }
          }
          place.storeBytes(of: probability, as: Vector.self)
        }
        column += 16
      }
    }
    return broken
  }

  /// The largest exponential of a row, NaN where `chosen` is.
  @inline(__always)
  private func largest(_ space: Workspace, _ chosen: Vector) -> Vector {
    var best = space.current[0]
    for c in 1..<max(geometry.classCount, 1) {
      let value = space.current[c]
      best = best.replacing(with: value, where: value .> best)
    }
    return best.replacing(with: Vector(repeating: .nan), where: chosen .!= chosen)
  }
}
