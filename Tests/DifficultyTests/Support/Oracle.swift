import Difficulty
import Foundation

/// The losses in double precision, pixel by pixel, as the equations say; weights and masks are given.
struct Oracle {
  let batch: Batch

  /// One head's share of the task loss: factors of the cross entropies, `[images, H, W]`.
  typealias Factors = [Double]

  private func corners(_ output: Int, _ low: Int, _ full: Int) -> [(index: Int, weight: Double)] {
    let position = full > 1 ? Double(output) * Double(low - 1) / Double(full - 1) : 0
    let lower = min(Int(position), low - 1)
    let upper = position - Double(lower)
    return [(lower, 1 - upper), (min(lower + 1, low - 1), upper)]
  }

  /// Bilinear weights of a full-resolution pixel.
  private func neighbours(_ y: Int, _ x: Int) -> [(index: Int, weight: Double)] {
    corners(y, batch.low.height, batch.size.height).flatMap { row in
      corners(x, batch.low.width, batch.size.width).map { column in
        (row.index * batch.low.width + column.index, row.weight * column.weight)
      }
    }
  }

  private func softmax(_ values: [Double]) -> (probabilities: [Double], logSum: Double) {
    let largest = values.max() ?? 0
    let powers = values.map { exp($0 - largest) }
    let sum = powers.reduce(0, +)
    return (powers.map { $0 / sum }, log(sum) + largest)
  }

  private func logits(_ values: [Double], _ image: Int, _ position: Int) -> [Double] {
    let plane = batch.low.height * batch.low.width
    return (0..<batch.classes).map { values[(image * batch.classes + $0) * plane + position] }
  }

  /// The upsampled logits of a pixel.
  private func pixel(_ values: [Double], _ image: Int, _ y: Int, _ x: Int) -> [Double] {
    var result = [Double](repeating: 0, count: batch.classes)
    for (index, weight) in neighbours(y, x) where weight != 0 {
      for (c, value) in logits(values, image, index).enumerated() { result[c] += weight * value }
    }
    return result
  }

  private func forEachPixel(_ body: (_ image: Int, _ y: Int, _ x: Int, _ index: Int) -> Void) {
    for image in 0..<batch.images {
      for y in 0..<batch.size.height {
        for x in 0..<batch.size.width {
          body(image, y, x, (image * batch.size.height + y) * batch.size.width + x)
        }
      }
    }
  }

  /// The probabilities of the labels (or the largest ones), NaN where ignored.
  func probabilities(_ values: [Float], _ confidence: DifficultyOptions.Confidence) -> [Double] {
    let values = values.map(Double.init)
    var result = [Double](repeating: .nan, count: batch.labels.count)
    forEachPixel { image, y, x, index in
      guard batch.labels[index] != 255 else { return }
      let p = softmax(pixel(values, image, y, x)).probabilities
      result[index] =
        confidence == .maximum ? p.max() ?? 0 : p[Int(batch.labels[index])]
    }
    return result
  }

  /// KL(first || second) at one low-resolution position, at a temperature.
  private func divergence(
    _ first: [Double], _ second: [Double], _ image: Int, _ position: Int, _ temperature: Double
  ) -> Double {
    let a = logits(first, image, position).map { $0 / temperature }
    let b = logits(second, image, position).map { $0 / temperature }
    let (p, pSum) = softmax(a)
    let (_, qSum) = softmax(b)
    return p.indices.reduce(0) { sum, c in
      p[c] == 0 ? sum : sum + p[c] * ((a[c] - pSum) - (b[c] - qSum))
    }
  }

  /// The TFE weights, `[images, H, W]`.
  func weights(_ direction: DifficultyOptions.Divergence) -> [Double] {
    let main = batch.teacherMain.map(Double.init)
    let auxiliary = (batch.teacherAuxiliary ?? []).map(Double.init)
    var result = [Double](repeating: 0, count: batch.labels.count)
    forEachPixel { image, y, x, index in
      for (position, weight) in neighbours(y, x) where weight != 0 {
        let kl =
          direction == .auxiliaryToMain
          ? divergence(auxiliary, main, image, position, 1)
          : divergence(main, auxiliary, image, position, 1)
        result[index] += weight * exp(-kl)
      }
    }
    return result
  }

  /// The factors of the task loss of a head.
  func factors(_ options: DifficultyOptions, selected: [UInt8]) -> Factors {
    let valid = batch.labels.filter { $0 != 255 }.count
    let pixels = Double(batch.labels.count)
    let weights = options.task == .crossEntropy ? [] : weights(options.divergence)
    let classWeights = (options.classWeights ?? Array(repeating: 1, count: batch.classes))
      .map(Double.init)
    let meanWeight = weights.reduce(0, +) / pixels
    let masked = batch.labels.indices.filter { selected[$0] == 1 }
    let sum = masked.reduce(0) { $0 + classWeights[Int(batch.labels[$1])] }
    let share: Double =
      switch options.task {
      case .teacherStudent: 0
      case .blend(let share): share
      default: 1
      }
    var result = batch.labels.indices.map { index in
      guard batch.labels[index] != 255 else { return 0.0 }
      if options.task == .crossEntropy { return share / Double(valid) }
      return share
        * (options.weighting == .mean ? meanWeight / Double(valid) : weights[index] / pixels)
    }
    for index in masked where sum > 0 {
      result[index] +=
        (1 - share) * classWeights[Int(batch.labels[index])]
        / (options.reduction == .maskedMean ? sum : pixels)
    }
    return result
  }

  /// The sum of factor times cross entropy of a head, and its gradient.
  func crossEntropy(_ values: [Double], _ factors: Factors) -> (loss: Double, gradient: [Double]) {
    var loss = 0.0
    var gradient = [Double](repeating: 0, count: values.count)
    let plane = batch.low.height * batch.low.width
    forEachPixel { image, y, x, index in
      guard factors[index] != 0 else { return }
      let label = Int(batch.labels[index])
      let z = pixel(values, image, y, x)
      let (p, logSum) = softmax(z)
      loss += factors[index] * (logSum - z[label])
      for (position, weight) in neighbours(y, x) {
        for c in 0..<batch.classes {
          gradient[(image * batch.classes + c) * plane + position] +=
            factors[index] * weight * (p[c] - (c == label ? 1 : 0))
        }
      }
    }
    return (loss, gradient)
  }

  /// The distillation term and its gradient.
  func distillation(
    _ student: [Double], _ options: DifficultyOptions
  ) -> (loss: Double, gradient: [Double]) {
    let teacher = batch.teacherMain.map(Double.init)
    let plane = batch.low.height * batch.low.width
    let t = options.distillationTemperature
    let scale = options.distillationWeight / Double(batch.images * plane)
    var loss = 0.0
    var gradient = [Double](repeating: 0, count: student.count)
    for image in 0..<batch.images {
      for position in 0..<plane {
        loss += scale * t * t * divergence(teacher, student, image, position, t)
        let p = softmax(logits(teacher, image, position).map { $0 / t }).probabilities
        let q = softmax(logits(student, image, position).map { $0 / t }).probabilities
        for c in 0..<batch.classes {
          gradient[(image * batch.classes + c) * plane + position] += scale * t * (q[c] - p[c])
        }
      }
    }
    return (loss, gradient)
  }
}
