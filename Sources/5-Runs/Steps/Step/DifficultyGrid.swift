import Difficulty

/// The difficulty map on the grid of the logits.
package struct DifficultyGrid {
  private let imageCount: Int
  private let low: (height: Int, width: Int)
  private let full: (height: Int, width: Int)

  /// The grid of images of size `full`, whose logits are of size `low`.
  package init(
    imageCount: Int, low: (height: Int, width: Int), full: (height: Int, width: Int)
  ) {
    self.imageCount = imageCount
    self.low = low
    self.full = full
  }

  /// `[n, h, w]`.
  package var shape: [Int] { [imageCount, low.height, low.width] }

  /// TFE's weights, TSE's mask or, while one passes into the other, their blend.
  package func values(
    _ maps: LossMaps, _ statistics: DifficultyStatistics, _ options: DifficultyOptions
  ) -> [Double] {
    let ones = [Double](repeating: 1, count: imageCount * low.height * low.width)
    switch options.task {
    case .crossEntropy: return ones
    case .teacherFull: return maps.lowWeight ?? ones
    case .teacherStudent: return mask(maps, statistics, options)
    case .blend(let share):
      return zip(maps.lowWeight ?? ones, mask(maps, statistics, options)).map {
        share * $0 + (1 - share) * $1
      }
    }
  }

  private func mask(
    _ maps: LossMaps, _ statistics: DifficultyStatistics, _ options: DifficultyOptions
  ) -> [Double] {
    let limit = { (index: Int) in
      statistics.fallback ? Float.infinity : statistics.thresholds[index]
    }
    let pixels = HardPixels(
      mask: options.mask, studentThreshold: limit(0), teacherThreshold: limit(1))
    let (own, other) = (maps.probabilities[0], maps.probabilities[1])
    var values: [Double] = []
    values.reserveCapacity(imageCount * low.height * low.width)
    for image in 0..<imageCount {
      for y in 0..<low.height {
        for x in 0..<low.width {
          let row = image * full.height + y * full.height / low.height
          let pixel = row * full.width + x * full.width / low.width
          let isKept = pixels.keeps(student: own[pixel], teacher: other[pixel])
          values.append(isKept ? 1 : 0)
        }
      }
    }
    return values
  }
}

extension DifficultyOptions {
  /// The same with the labels' plain cross entropy as task loss.
  package var withoutDifficulty: DifficultyOptions {
    var options = self
    options.task = .crossEntropy
    return options
  }
}
