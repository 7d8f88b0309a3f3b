import Foundation

/// The softmax of one full-resolution pixel in double precision, from the logits themselves.
///
/// The fast kernels scale by a maximum taken at low resolution. Where neighbours disagree strongly
/// the sum of exponentials gets tiny and loses digits; such pixels, and those whose label has next
/// to no probability, are done again here. A zero weight does not read its neighbour, so infinite
/// logits harm their own surroundings only.
struct PrecisePixel {
  /// The probability of the label.
  let labelProbability: Double
  /// The largest probability.
  let maximumProbability: Double
  /// The sum of the other classes' probabilities.
  let otherProbability: Double
  /// Minus the natural logarithm of the label's probability.
  let crossEntropy: Double

  /// - Parameters:
  ///   - logits: one image, `[classCount, lowHeight, lowWidth]`.
  ///   - y: the output row.
  ///   - x: the output column.
  ///   - label: the pixel's class.
  ///   - probabilities: room for `classCount` values, overwritten with the softmax.
  init(
    _ geometry: Geometry, _ logits: UnsafePointer<Float>, y: Int, x: Int, label: Int,
    probabilities: UnsafeMutablePointer<Double>
  ) {
    let fractionY = geometry.rows.preciseFraction(y)
    let fractionX = geometry.columns.preciseFraction(x)
    let row = Int(geometry.rows.lower[y])
    let column = Int(geometry.columns.lower[x])
    var largest = -Double.infinity
    for c in 0..<geometry.classCount {
      var value = 0.0
      for corner in 0..<4 {
        let weightY = corner < 2 ? 1 - fractionY : fractionY
        let weightX = corner % 2 == 0 ? 1 - fractionX : fractionX
        guard weightY * weightX > 0 else { continue }
        let index = (row + corner / 2) * geometry.lowWidth + column + corner % 2
        value += weightY * weightX * Double(logits[c * geometry.planeSize + index])
      }
      probabilities[c] = value
      // A NaN must win, or it would be lost.
      if !(value <= largest) { largest = value }
    }
    var sum = 0.0
    let labelValue = probabilities[label] - largest
    for c in 0..<geometry.classCount {
      probabilities[c] = exp(probabilities[c] - largest)
      sum += probabilities[c]
    }
    var others = 0.0
    for c in 0..<geometry.classCount {
      probabilities[c] /= sum
      others += c == label ? 0 : probabilities[c]
    }
    otherProbability = others
    labelProbability = probabilities[label]
    maximumProbability = 1 / sum
    crossEntropy = log(sum) - labelValue
  }

  /// Sums below this are done again: their logits are more than 16 nats below the maxima around.
  @inline(__always) static var smallestSum: Float { 0x1p-24 }
  /// Exponentials of labels below this are done again.
  @inline(__always) static var smallestExponential: Float { 0x1p-100 }
}
