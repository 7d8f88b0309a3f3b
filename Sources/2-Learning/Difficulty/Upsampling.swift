/// One axis of bilinear upsampling with aligned corners.
///
/// Output index i reads source coordinate i * (inputCount - 1) / (outputCount - 1), or 0 when
/// outputCount is 1. Integer arithmetic finds the lower neighbour, so that equal sizes copy exactly.
final class AlignedAxis {
  /// The number of source positions.
  let inputCount: Int
  /// The number of output positions.
  let outputCount: Int
  /// `outputCount` rounded up to whole vectors.
  let paddedCount: Int
  /// The weight of the upper neighbour for each output; zeros follow up to `paddedCount + 16`.
  let fraction: UnsafeMutablePointer<Float>
  /// By how much the source coordinate grows from output to output.
  let step: Float
  /// The lower neighbour of each output.
  let lower: UnsafeMutablePointer<Int32>
  /// The first output whose lower neighbour is j or later, for j in `0...inputCount`.
  let firstOutput: UnsafeMutablePointer<Int>

  init(inputCount: Int, outputCount: Int) {
    self.inputCount = inputCount
    self.outputCount = outputCount
    paddedCount = (outputCount + 15) / 16 * 16
    step = outputCount > 1 ? Float(Double(inputCount - 1) / Double(outputCount - 1)) : 0
    fraction = .allocate(capacity: paddedCount + 16)
    fraction.initialize(repeating: 0, count: paddedCount + 16)
    lower = .allocate(capacity: paddedCount + 16)
    lower.initialize(repeating: 0, count: paddedCount + 16)
    firstOutput = .allocate(capacity: inputCount + 1)
    firstOutput.initialize(repeating: outputCount, count: inputCount + 1)
    for output in (0..<outputCount).reversed() {
      let index = lowerIndex(output)
      lower[output] = Int32(index)
      fraction[output] = Float(preciseFraction(output))
      firstOutput[index] = output
    }
    for index in (0..<inputCount).reversed() {
      firstOutput[index] = min(firstOutput[index], firstOutput[index + 1])
    }
  }

  deinit {
    fraction.deallocate()
    lower.deallocate()
    firstOutput.deallocate()
  }

  private func lowerIndex(_ output: Int) -> Int {
    outputCount > 1 ? output * (inputCount - 1) / (outputCount - 1) : 0
  }

  /// The weight of the upper neighbour in double precision.
  func preciseFraction(_ output: Int) -> Double {
    guard outputCount > 1 else { return 0 }
    return Double(output * (inputCount - 1) % (outputCount - 1)) / Double(outputCount - 1)
  }

  /// The sum of the weights with which all outputs read each source position, `[inputCount]`.
  var totalWeights: [Double] {
    var totals = [Double](repeating: 0, count: inputCount)
    for output in 0..<outputCount {
      let index = lowerIndex(output)
      let upper = preciseFraction(output)
      totals[index] += 1 - upper
      totals[min(index + 1, inputCount - 1)] += upper
    }
    return totals
  }

  /// Interpolates one row of `inputCount` values to `paddedCount` columns.
  ///
  /// Between two source positions all columns are one multiply-add, so a row of equal values stays
  /// exactly equal. Columns past `outputCount` repeat the last source value.
  ///
  /// - Parameters:
  ///   - source: `inputCount` values and one more place, which is overwritten.
  ///   - destination: room for `paddedCount + 16` values; those past `paddedCount` are garbage.
  @inline(__always)
  func expand(_ source: UnsafeMutablePointer<Float>, to destination: UnsafeMutablePointer<Float>) {
    source[inputCount] = source[inputCount - 1]
    for index in 0..<inputCount {
      var column = firstOutput[index]
      let end = index + 1 < inputCount ? firstOutput[index + 1] : paddedCount
      let low = SIMD8<Float>(repeating: source[index])
      let step = SIMD8<Float>(repeating: source[index + 1] - source[index])
      while column < end {
        let weights = UnsafeRawPointer(fraction + column).loadUnaligned(as: SIMD8<Float>.self)
        UnsafeMutableRawPointer(destination + column).storeBytes(
          of: low.addingProduct(weights, step), as: SIMD8<Float>.self)
        column += 8
      }
    }
  }

  /// The transpose of `expand` for four rows at once: what the columns hold goes to their source
  /// positions.
  ///
  /// - Parameters:
  ///   - source: four rows of `outputCount` values.
  ///   - stride: the distance of the four rows.
  ///   - destination: four rows of `inputCount` values, overwritten.
  ///   - spacing: their distance.
  @inline(__always)
  func foldFour(
    _ source: UnsafePointer<Float>, _ stride: Int, to destination: UnsafeMutablePointer<Float>,
    _ spacing: Int
  ) {
    var (carried0, carried1, carried2, carried3): (Float, Float, Float, Float) = (0, 0, 0, 0)
    for index in 0..<inputCount {
      var (total0, total1, total2, total3): (Float, Float, Float, Float) = (0, 0, 0, 0)
      var (upper0, upper1, upper2, upper3): (Float, Float, Float, Float) = (0, 0, 0, 0)
      // Four sums side by side, because each addition waits for the one before.
      for column in firstOutput[index]..<firstOutput[index + 1] {
        let weight = fraction[column]
        let here = source + column
        let (a, b) = (here[0], here[stride])
        let (c, d) = (here[2 * stride], here[3 * stride])
        total0 += a
        upper0.addProduct(weight, a)
        total1 += b
        upper1.addProduct(weight, b)
        total2 += c
        upper2.addProduct(weight, c)
        total3 += d
        upper3.addProduct(weight, d)
      }
      let place = destination + index
      place[0] = carried0 + (total0 - upper0)
      place[spacing] = carried1 + (total1 - upper1)
      place[2 * spacing] = carried2 + (total2 - upper2)
      place[3 * spacing] = carried3 + (total3 - upper3)
      (carried0, carried1, carried2, carried3) = (upper0, upper1, upper2, upper3)
    }
  }

  /// The same for one row.
  @inline(__always)
  func fold(_ source: UnsafePointer<Float>, to destination: UnsafeMutablePointer<Float>) {
    var carried: Float = 0
    for index in 0..<inputCount {
      var total: Float = 0
      var upper: Float = 0
      for column in firstOutput[index]..<firstOutput[index + 1] {
        total += source[column]
        upper.addProduct(fraction[column], source[column])
      }
      destination[index] = carried + (total - upper)
      carried = upper
    }
  }
}
