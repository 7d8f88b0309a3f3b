/// The scratch memory of one thread.
final class Workspace {
  /// The most full-resolution rows that a block takes at once.
  static let blockRows = 16

  private let geometry: Geometry
  /// The distance between the classes of an expanded row.
  let stride: Int
  /// The upper expanded row, `[classCount, stride]`, base-2 logits below their maximum.
  private(set) var top: UnsafeMutablePointer<Float>
  /// The lower expanded row.
  private(set) var bottom: UnsafeMutablePointer<Float>
  /// Gradients of the upper row before folding, `[classCount, stride]`.
  private(set) var topGradient: UnsafeMutablePointer<Float>
  /// Gradients of the lower row.
  private(set) var bottomGradient: UnsafeMutablePointer<Float>
  /// The upper expanded row of TFE weights, `[stride]`.
  let topWeight: UnsafeMutablePointer<Float>
  /// The lower expanded row of TFE weights.
  let bottomWeight: UnsafeMutablePointer<Float>
  /// One low-resolution row and a place more.
  let lowRow: UnsafeMutablePointer<Float>
  /// The largest logit of each position of a low-resolution row.
  let lowMaximum: UnsafeMutablePointer<Float>
  /// The block's part of the upper row, one vector a class.
  let blockTop: UnsafeMutablePointer<Vector>
  /// The block's difference of lower and upper row.
  let blockSlope: UnsafeMutablePointer<Vector>
  /// The exponentials of the block's current row, `[classCount + 1]`; the last one stands for
  /// ignored labels.
  let current: UnsafeMutablePointer<Vector>
  /// What the exponentials of a row are multiplied with to get those of the next row.
  let rowFactor: UnsafeMutablePointer<Vector>
  /// Exponentials of all rows of the block, `[blockRows, classCount + 1]`.
  let exponentials: UnsafeMutablePointer<Vector>
  /// The block's gradient, summed over its rows, `[classCount + 1]`.
  let blockTotal: UnsafeMutablePointer<Vector>
  /// The same, weighted with the rows' fractions.
  let blockUpper: UnsafeMutablePointer<Vector>
  /// What each row of the block multiplies its exponentials with, and times its fraction.
  let rowScales: UnsafeMutablePointer<Vector>
  /// One precise value a class.
  let precise: UnsafeMutablePointer<Double>
  /// Two values of the teacher and of the student a class.
  let wide: UnsafeMutablePointer<SIMD8<Double>>

  private let memory: UnsafeMutableRawPointer
  /// Whether no logit of the block is so far below its maximum that exponentials underflow.
  private var isSmooth = false
  /// The distance of the current row from the last row whose exponentials were computed directly.
  private var steps = 0
  private var hasFactor = false
  private var topIndex = -1
  private var bottomIndex = -1

  init(_ geometry: Geometry) {
    self.geometry = geometry
    let classes = geometry.classCount
    stride = geometry.paddedWidth + 16
    let low = geometry.lowWidth + 16
    let sizes = [
      4 * classes * stride * 4, 2 * stride * 4, 2 * low * 4,
      (5 * (classes + 1) + (Self.blockRows + 2) * (classes + 1) + 2 * Self.blockRows) * 64,
      classes * 8, 4 * classes * 64,
    ].map { ($0 + 63) / 64 * 64 }
    memory = .allocate(byteCount: sizes.reduce(0, +), alignment: 64)
    memory.initializeMemory(as: UInt8.self, repeating: 0, count: sizes.reduce(0, +))
    var place = memory
    let big = place.assumingMemoryBound(to: Float.self)
    top = big
    bottom = big + classes * stride
    topGradient = big + 2 * classes * stride
    bottomGradient = big + 3 * classes * stride
    place += sizes[0]
    topWeight = place.assumingMemoryBound(to: Float.self)
    bottomWeight = topWeight + stride
    place += sizes[1]
    lowRow = place.assumingMemoryBound(to: Float.self)
    lowMaximum = lowRow + low
    place += sizes[2]
    blockTop = place.assumingMemoryBound(to: Vector.self)
    blockSlope = blockTop + classes
    current = blockSlope + classes
    rowFactor = current + classes + 1
    exponentials = rowFactor + classes
    blockTotal = exponentials + Self.blockRows * (classes + 1)
    blockUpper = blockTotal + classes + 1
    rowScales = blockUpper + classes + 1
    place += sizes[3]
    precise = place.assumingMemoryBound(to: Double.self)
    place += sizes[4]
    wide = place.assumingMemoryBound(to: SIMD8<Double>.self)
  }

  deinit { memory.deallocate() }

  /// Forgets which rows are expanded: the next band belongs to other logits.
  func startRows() {
    topIndex = -1
    bottomIndex = -1
  }

  /// Expands the two low-resolution rows of a band, unless they are there from the band before.
  func expandBand(_ logits: UnsafePointer<Float>, _ band: Int, normalized: Bool = true) {
    if topIndex != band {
      if bottomIndex == band {
        swap(&top, &bottom)
        swap(&topIndex, &bottomIndex)
      } else {
        expandRow(logits, band, to: top, normalized)
        topIndex = band
      }
    }
    let next = band + 1
    if next < geometry.lowHeight, bottomIndex != next {
      expandRow(logits, next, to: bottom, normalized)
      bottomIndex = next
    }
  }

  /// Expands the TFE weights of a band's two rows to `topWeight` and `bottomWeight`.
  func expandWeights(_ weights: UnsafePointer<Float>, _ band: Int) {
    let width = geometry.lowWidth
    let next = min(band + 1, geometry.lowHeight - 1)
    lowRow.update(from: weights + band * width, count: width)
    geometry.columns.expand(lowRow, to: topWeight)
    lowRow.update(from: weights + next * width, count: width)
    geometry.columns.expand(lowRow, to: bottomWeight)
  }

  /// Expands one row of logits; `normalized`: minus the largest logit, in powers of 2.
  private func expandRow(
    _ logits: UnsafePointer<Float>, _ row: Int, to destination: UnsafeMutablePointer<Float>,
    _ normalized: Bool
  ) {
    let width = geometry.lowWidth
    let source = logits + row * width
    let plane = geometry.planeSize
    let maximum = lowMaximum
    let values = lowRow
    let scale: Float = normalized ? 1.442_695_04 : 1
    for x in 0..<width { maximum[x] = normalized ? source[x] : 0 }
    if normalized {
      for c in 1..<max(geometry.classCount, 1) {
        let line = source + c * plane
        for x in 0..<width { maximum[x] = line[x] > maximum[x] ? line[x] : maximum[x] }
      }
    }
    for c in 0..<geometry.classCount {
      let line = source + c * plane
      for x in 0..<width { values[x] = (line[x] - maximum[x]) * scale }
      geometry.columns.expand(values, to: destination + c * stride)
    }
  }

  /// Copies the block of 16 columns at `column` of the band's rows to `blockTop` and `blockSlope`.
  @inline(__always)
  func loadBlock(_ band: Int, _ column: Int) {
    let hasNext = band + 1 < geometry.lowHeight
    let lowerRow = hasNext ? bottom : top
    var smallest = Vector()
    for c in 0..<geometry.classCount {
      let upper = UnsafeRawPointer(top + c * stride + column).loadUnaligned(as: Vector.self)
      let lower = UnsafeRawPointer(lowerRow + c * stride + column).loadUnaligned(as: Vector.self)
      blockTop[c] = upper
      blockSlope[c] = lower - upper
      smallest = smallest.replacing(with: upper, where: upper .< smallest)
      smallest = smallest.replacing(with: lower, where: lower .< smallest)
    }
    isSmooth = !anyLane(smallest .< Vector(repeating: -120))
    steps = Self.mostSteps
    hasFactor = false
  }

  /// Rows are computed directly at least every fourth time, so that rounding stays small.
  private static let mostSteps = 3

  /// The next row of the block is not wanted.
  @inline(__always)
  func skipRow() { steps = Self.mostSteps }

  /// The exponentials of one row of the block, relative to an unknown power of 2.
  ///
  /// Along a column logits are linear, so exponentials are a geometric sequence: most rows need one
  /// multiplication a class. Rows come in order; `skipRow` tells of a gap.
  ///
  /// - Parameters:
  ///   - y: the full-resolution row.
  ///   - copy: where the exponentials are stored besides `current`, if anywhere.
  /// - Returns: their sum.
  @inline(__always)
  func exponentiate(_ y: Int, copy: UnsafeMutablePointer<Vector>? = nil) -> Vector {
    guard isSmooth else { return exponentiateSafely(geometry.rows.fraction[y], copy) }
    var sum = Vector()
    if steps < Self.mostSteps {
      if !hasFactor { findFactors() }
      steps += 1
      for c in 0..<geometry.classCount {
        let value = current[c] * rowFactor[c]
        current[c] = value
        if let copy { copy[c] = value }
        sum += value
      }
      return sum
    }
    steps = 0
    let weight = Vector(repeating: geometry.rows.fraction[y])
    for c in 0..<geometry.classCount {
      let value = exp2InRange(blockTop[c].addingProduct(weight, blockSlope[c]))
      current[c] = value
      if let copy { copy[c] = value }
      sum += value
    }
    return sum
  }

  private func findFactors() {
    let step = Vector(repeating: geometry.rows.step)
    for c in 0..<geometry.classCount { rowFactor[c] = exp2InRange(step * blockSlope[c]) }
    hasFactor = true
  }

  /// The same for any logits.
  @inline(never)
  private func exponentiateSafely(
    _ fraction: Float, _ copy: UnsafeMutablePointer<Vector>?
  ) -> Vector {
    let weight = Vector(repeating: fraction)
    let lowest = Vector(repeating: -126)
    var sum = Vector()
    for c in 0..<geometry.classCount {
      let x = blockTop[c].addingProduct(weight, blockSlope[c])
      let value = exp2InRange(x.replacing(with: lowest, where: x .< lowest))
      current[c] = value
      if let copy { copy[c] = value }
      sum += value
    }
    return sum
  }

  /// Makes room for the next row's gradient: what was the lower row becomes the upper one.
  func swapGradients() { swap(&topGradient, &bottomGradient) }
}

/// The values that 16 labels choose from `table`, one vector a class.
@inline(__always)
func choose(_ table: UnsafePointer<Vector>, _ labels: UnsafePointer<UInt8>) -> Vector {
  let words = UnsafeRawPointer(labels).loadUnaligned(as: SIMD2<UInt64>.self)
  let label = Int(labels[0])
  let repeated = UInt64(label) &* 0x0101_0101_0101_0101
  if words[0] == repeated && words[1] == repeated { return table[label] }
  let values = UnsafeRawPointer(table).assumingMemoryBound(to: Float.self)
  var result = Vector()
  for lane in 0..<16 { result[lane] = values[Int(labels[lane]) &* 16 &+ lane] }
  return result
}

/// The values that 16 labels choose from `table`, one number a class.
@inline(__always)
func choose(_ table: UnsafePointer<Float>, _ labels: UnsafePointer<UInt8>) -> Vector {
  let words = UnsafeRawPointer(labels).loadUnaligned(as: SIMD2<UInt64>.self)
  let label = Int(labels[0])
  let repeated = UInt64(label) &* 0x0101_0101_0101_0101
  if words[0] == repeated && words[1] == repeated { return Vector(repeating: table[label]) }
  var result = Vector()
  for lane in 0..<16 { result[lane] = table[Int(labels[lane])] }
  return result
}
