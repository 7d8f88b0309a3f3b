import Reduction

/// What the method sees in some images: maps `[imageCount, height, width]` at label resolution.
package struct DifficultyMaps: Sendable {
  /// The TFE weights in (0, 1]; nil where the teacher has no auxiliary head.
  package var weight: [Float]?
  /// The same before they are upsampled, `[imageCount, lowHeight, lowWidth]`.
  package var lowWeight: [Float]?
  /// The probabilities that decide; NaN where the label is ignored. The order is student main,
  /// teacher main, student auxiliary, teacher auxiliary; heads that are missing are left out.
  package var probabilities: [[Float]]
  /// 1 where a network finds a pixel hard, in the order of `probabilities`.
  package var hard: [[UInt8]]
  /// 1 where the mask keeps a pixel; main head, then auxiliary head if there is one.
  package var selected: [[UInt8]]
  /// Thresholds and counts.
  package var statistics: DifficultyStatistics
}

extension DifficultyStep {
  /// The maps of the step's images.
  func maps() -> DifficultyMaps {
    var ledger = LossLedger(imageCount: inputs.images.count)
    let valid = LabelSweep(inputs, geometry).run(buffers.labels, pool).reduce(0, +)
    let lowWeights = weigh(&ledger, 0)
    let weights = lowWeights.map(upsample)
    let maps = sweepProbabilities(&ledger, 0)
    let decision = MaskDecision(
      maps, validCount: Int64(valid), options: options, reducer: SingleProcess(), pool: pool)
    var statistics = DifficultyStatistics()
    statistics.validCount = Int64(valid)
    statistics.record(decision)
    var result = DifficultyMaps(
      weight: weights,
      lowWeight: lowWeights.map {
        Array(UnsafeBufferPointer(start: $0, count: inputs.images.count * geometry.planeSize))
      }, probabilities: [], hard: [], selected: [], statistics: statistics)
    for head in 0..<headCount {
      let pixels = decision.pixels[head]
      let student = unpad(maps.student[head])
      let teacher = unpad(maps.teacher[head])
      result.probabilities.append(student)
      result.hard.append(student.map { $0 <= pixels.studentThreshold ? 1 : 0 })
      if maps.teacher[head] != maps.student[head] {
        result.probabilities.append(teacher)
        result.hard.append(teacher.map { $0 <= pixels.teacherThreshold ? 1 : 0 })
      }
      result.selected.append(
        zip(student, teacher).map { pixels.keeps(student: $0, teacher: $1) ? 1 : 0 })
    }
    return result
  }

  /// A padded map without its padding.
  private func unpad(_ map: UnsafePointer<Float>) -> [Float] {
    var result: [Float] = []
    result.reserveCapacity(inputs.images.count * geometry.height * geometry.width)
    for row in 0..<(inputs.images.count * geometry.height) {
      result += UnsafeBufferPointer(start: map + row * geometry.paddedWidth, count: geometry.width)
    }
    return result
  }

  /// Weights at label resolution, computed as the gradient sweep computes them.
  private func upsample(_ weights: UnsafePointer<Float>) -> [Float] {
    let space = workspaces[0]
    var result: [Float] = []
    result.reserveCapacity(inputs.images.count * geometry.height * geometry.width)
    for image in 0..<inputs.images.count {
      for band in 0..<geometry.lowHeight {
        space.expandWeights(weights + image * geometry.planeSize, band)
        for y in geometry.outputRows(band) {
          for x in 0..<geometry.width {
            let top = space.topWeight[x]
            let step = space.bottomWeight[x] - top
            result.append(top.addingProduct(geometry.rows.fraction[y], step))
          }
        }
      }
    }
    return result
  }
}
