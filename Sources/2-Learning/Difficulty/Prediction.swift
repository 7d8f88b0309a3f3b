import Host

/// The classes that a network predicts, at label resolution.
package enum Prediction {
  /// The class with the largest upsampled logit of each pixel; the first one where several are.
  ///
  /// - Parameters:
  ///   - logits: one image, `[classCount, lowHeight, lowWidth]`, contiguous.
  ///   - classCount: 1 to 255.
  ///   - lowHeight: the height of the logits.
  ///   - lowWidth: the width of the logits.
  ///   - height: the height of the result.
  ///   - width: the width of the result.
  ///   - threadCount: the number of threads.
  /// - Returns: class indices, `[height, width]`. Comparisons with a NaN do not hold, so a broken
  ///   logit is passed over.
  package static func argmax(
    _ logits: UnsafePointer<Float>, classCount: Int, lowHeight: Int, lowWidth: Int,
    height: Int, width: Int, threadCount: Int = 1
  ) -> [UInt8] {
    require(
      (1...255).contains(classCount) && min(lowHeight, lowWidth, height, width) >= 1,
      "Prediction.argmax: \(classCount) classes, logits \(lowHeight)x\(lowWidth), result "
        + "\(height)x\(width); expected 1 to 255 classes and sizes of at least 1")
    let geometry = Geometry(
      DifficultyInputs.Sizes(
        classCount: classCount, lowHeight: lowHeight, lowWidth: lowWidth, height: height,
        width: width))
    let pool = WorkerPool("rdd-loss", threadCount: threadCount)
    let spaces = (0..<threadCount).map { _ in Workspace(geometry) }
    return [UInt8](unsafeUninitializedCapacity: height * width) { buffer, count in
      if let result = buffer.baseAddress {
        pool.run(geometry.chunkCount) { chunk, worker in
          run(geometry, logits, chunk, result, spaces[worker])
        }
      }
      count = height * width
    }
  }

  private static func run(
    _ geometry: Geometry, _ logits: UnsafePointer<Float>, _ chunk: Int,
    _ result: UnsafeMutablePointer<UInt8>, _ space: Workspace
  ) {
    space.startRows()
    for band in geometry.bands(chunk) {
      let outputRows = geometry.outputRows(band)
      if outputRows.isEmpty { continue }
      space.expandBand(logits, band, normalized: false)
      var column = 0
      while column < geometry.width {
        space.loadBlock(band, column)
        for y in outputRows {
          let weight = Vector(repeating: geometry.rows.fraction[y])
          var best = space.blockTop[0].addingProduct(weight, space.blockSlope[0])
          var index = SIMD16<Int32>()
          for c in 1..<max(geometry.classCount, 1) {
            let value = space.blockTop[c].addingProduct(weight, space.blockSlope[c])
            let better = value .> best
            best = best.replacing(with: value, where: better)
            index = index.replacing(with: SIMD16(repeating: Int32(c)), where: better)
          }
          let place = result + (y * geometry.width + column)
          for lane in 0..<min(16, geometry.width - column) {
            place[lane] = UInt8(truncatingIfNeeded: index[lane])
          }
        }
        column += 16
      }
    }
  }
}

/// Counts of labels against predictions, `[label][prediction]`.
package struct ConfusionMatrix: Sendable, Equatable {
  /// The number of classes.
  package let classCount: Int
  /// The counts, `[classCount, classCount]`; sums over ranks are sums of these.
  package var counts: [Int64]

  /// No pixels yet.
  package init(classCount: Int) {
    self.classCount = classCount
    counts = Array(repeating: 0, count: classCount * classCount)
  }

  /// Counts the valid pixels of an image; a label of 255 is ignored.
  package mutating func add(labels: [UInt8], predictions: [UInt8]) {
    require(
      labels.count == predictions.count,
      "ConfusionMatrix: \(labels.count) labels and \(predictions.count) predictions")
    for (label, prediction) in zip(labels, predictions) where label != 255 {
      require(
        label < classCount && prediction < classCount,
        "ConfusionMatrix: label \(label), prediction \(prediction); expected below \(classCount)")
      counts[Int(label) * classCount + Int(prediction)] += 1
    }
  }

  /// Intersection over union of each class; nil for a class that neither labels nor predictions have.
  package var intersectionOverUnion: [Double?] {
    (0..<classCount).map { c in
      let row = counts[c * classCount..<(c + 1) * classCount].reduce(0, +)
      let column = (0..<classCount).reduce(0) { $0 + counts[$1 * classCount + c] }
      let both = counts[c * classCount + c]
      let union = row + column - both
      return union == 0 ? nil : Double(both) / Double(union)
    }
  }

  /// The mean over all classes; an absent class counts as 0, as in the authors' code.
  package var meanIntersectionOverUnion: Double {
    intersectionOverUnion.reduce(0) { $0 + ($1 ?? 0) } / Double(classCount)
  }

  /// The mean over the classes that occur; 0 when none does.
  package var meanOverPresentClasses: Double {
    let present = intersectionOverUnion.compactMap { $0 }
    return present.isEmpty ? 0 : present.reduce(0, +) / Double(present.count)
  }

  /// The share of valid pixels that are predicted rightly; 0 when there is none.
  package var pixelAccuracy: Double {
    let total = counts.reduce(0, +)
    let right = (0..<classCount).reduce(0) { $0 + counts[$1 * classCount + $1] }
    return total == 0 ? 0 : Double(right) / Double(total)
  }
}
