/// Loss and gradient of one head, from low-resolution logits to low-resolution gradients.
///
/// A pixel's cross entropy has two factors: the first for TFE or plain cross entropy, the second for
/// TSE. Factors are constants for differentiation.
struct GradientSweep {
  /// The factors of the pixels.
  struct Factors {
    /// Whether there is a first factor.
    var hasFirst: Bool
    /// What the first factor is multiplied with in the gradient: shares and denominator.
    var firstScale: Float
    /// The first factor before scaling: 1 a class and 0 for ignored pixels, `[classCount + 1]`.
    var firstTable: UnsafePointer<Float>
    /// TFE weights that multiply the first factor, `[imageCount, lowHeight, lowWidth]`.
    var weights: UnsafePointer<Float>?
    /// Whether there is a second factor.
    var hasSecond: Bool
    /// The same as `firstScale` for the second factor.
    var secondScale: Float
    /// Class weights and 0 for ignored pixels, `[classCount + 1]`.
    var secondTable: UnsafePointer<Float>
    /// Which pixels the second factor keeps.
    var pixels: HardPixels
    /// The student's probabilities, `[imageCount, height, paddedWidth]`; unused without masks.
    var student: UnsafePointer<Float>
    /// The teacher's probabilities.
    var teacher: UnsafePointer<Float>
  }

  /// The sums of factor times cross entropy, before scaling.
  struct Sums {
    var first = 0.0
    var second = 0.0
  }

  let geometry: Geometry
  let factors: Factors
  /// Labels, `[imageCount, height, paddedWidth]`; ignored ones hold the class count.
  let labels: UnsafePointer<UInt8>

  /// Computes one task: some low-resolution rows of one image.
  ///
  /// - Parameters:
  ///   - logits: the image's logits.
  ///   - image: the image's position on this rank.
  ///   - chunk: the task's position in the image.
  ///   - gradient: the image's gradient; the task's rows are overwritten.
  ///   - boundary: `[classCount, lowWidth]`: what the row after the task's last one still has to
  ///     get, overwritten.
  func run(
    _ logits: UnsafePointer<Float>, image: Int, chunk: Int,
    gradient: UnsafeMutablePointer<Float>, boundary: UnsafeMutablePointer<Float>,
    _ space: Workspace
  ) -> Sums {
    var sums = Sums()
    let classes = geometry.classCount
    let plane = geometry.planeSize
    let rowSize = classes * space.stride
    space.startRows()
    space.topGradient.update(repeating: 0, count: rowSize)
    // Whether the upper row has received anything, so that an empty one needs no folding.
    var touched = false
    for band in geometry.bands(chunk) {
      space.bottomGradient.update(repeating: 0, count: rowSize)
      let active = runBand(logits, image: image, band: band, &sums, space)
      touched = touched || active
      fold(space, touched, to: gradient + band * geometry.lowWidth, plane)
      touched = active
      space.swapGradients()
    }
    fold(space, touched, to: boundary, geometry.lowWidth)
    return sums
  }

  /// Moves the upper row's gradient to low resolution, class by class.
  private func fold(
    _ space: Workspace, _ touched: Bool, to destination: UnsafeMutablePointer<Float>, _ plane: Int
  ) {
    let classes = geometry.classCount
    if !touched {
      for c in 0..<classes {
        (destination + c * plane).update(repeating: 0, count: geometry.lowWidth)
      }
      return
    }
    var c = 0
    while c + 4 <= classes {
      geometry.columns.foldFour(
        space.topGradient + c * space.stride, space.stride, to: destination + c * plane, plane)
      c += 4
    }
    while c < classes {
      geometry.columns.fold(space.topGradient + c * space.stride, to: destination + c * plane)
      c += 1
    }
  }

  /// The rows between two low-resolution rows; returns whether any pixel had a factor.
  private func runBand(
    _ logits: UnsafePointer<Float>, image: Int, band: Int, _ sums: inout Sums, _ space: Workspace
  ) -> Bool {
    let outputRows = geometry.outputRows(band)
    guard !outputRows.isEmpty else { return false }
    if let weights = factors.weights {
      space.expandWeights(weights + image * geometry.planeSize, band)
    }
    var active = false
    var column = 0
    while column < geometry.paddedWidth {
      var begin = outputRows.lowerBound
      while begin < outputRows.upperBound {
        let end = min(begin + Workspace.blockRows, outputRows.upperBound)
        if hasWork(image, begin..<end, column) {
          space.expandBand(logits, band)
          runBlock(logits, image, band, begin..<end, column, &sums, space)
          active = true
        }
        begin = end
      }
      column += 16
    }
    return active
  }

  /// Whether a pixel of the block has a factor.
  @inline(__always)
  private func hasWork(_ image: Int, _ rows: Range<Int>, _ column: Int) -> Bool {
    if factors.hasFirst { return true }
    if !factors.hasSecond { return false }
    for y in rows where anyLane(kept(place(image, y, column))) { return true }
    return false
  }

  @inline(__always)
  private func place(_ image: Int, _ y: Int, _ column: Int) -> Int {
    image * geometry.mapSize + y * geometry.paddedWidth + column
  }

  @inline(__always)
  private func kept(_ place: Int) -> SIMDMask<SIMD16<Int32>> {
    factors.pixels.selected(
      UnsafeRawPointer(factors.student + place).loadUnaligned(as: Vector.self),
      UnsafeRawPointer(factors.teacher + place).loadUnaligned(as: Vector.self))
  }

  /// Sixteen columns of up to 16 rows.
  @inline(__always)
  private func runBlock(
    _ logits: UnsafePointer<Float>, _ image: Int, _ band: Int, _ rows: Range<Int>, _ column: Int,
    _ sums: inout Sums, _ space: Workspace
  ) {
    let classes = geometry.classCount
    let rowLength = classes + 1
    space.loadBlock(band, column)
    for c in 0...classes {
      space.blockTotal[c] = Vector()
      space.blockUpper[c] = Vector()
    }
    var firstSum = Vector()
    var secondSum = Vector()
    var activeRows = 0
    for y in rows {
      let exponentials = space.exponentials + activeRows * rowLength
      let fraction = geometry.rows.fraction[y]
      let here = labels + place(image, y, column)
      var first = Vector()
      var second = Vector()
      if factors.hasFirst {
        first = choose(factors.firstTable, here)
        if factors.weights != nil { first *= weight(space, column, fraction) }
      }
      if factors.hasSecond {
        let mask = kept(place(image, y, column))
        if !factors.hasFirst && !anyLane(mask) {
          space.skipRow()
          continue
        }
        second = second.replacing(with: choose(factors.secondTable, here), where: mask)
      }
      let factor =
        first * Vector(repeating: factors.firstScale)
        + second * Vector(repeating: factors.secondScale)
      _ = space.exponentiate(y, copy: exponentials)
      exponentials[classes] = Vector(repeating: 1)
      // The sum of the other classes keeps its digits where the label's probability is near 1.
      let chosen = takeOut(exponentials, here)
      var others = Vector()
      for c in 0..<classes { others += exponentials[c] }
      var sum = chosen + others
      var crossEntropy = logarithmOfOnePlus(others / chosen)
      let doubtful =
        (sum .< Vector(repeating: PrecisePixel.smallestSum)) .| (sum .!= sum)
        .| (chosen .< Vector(repeating: PrecisePixel.smallestExponential))
      if anyLane(doubtful) {
        for lane in 0..<16
        where doubtful[lane] && factor[lane] != 0 && Int(here[lane]) < classes {
          let pixel = PrecisePixel(
            geometry, logits, y: y, x: column + lane, label: Int(here[lane]),
            probabilities: space.precise)
          crossEntropy[lane] = Float(pixel.crossEntropy)
          for c in 0..<classes { exponentials[c][lane] = Float(space.precise[c]) }
          exponentials[Int(here[lane])][lane] = 0
          others[lane] = Float(pixel.otherProbability)
          sum[lane] = 1
        }
      }
      firstSum += first * crossEntropy
      secondSum += second * crossEntropy
      let scale = factor / sum
      space.rowScales[2 * activeRows] = scale
      space.rowScales[2 * activeRows + 1] = scale * Vector(repeating: fraction)
      subtractLabels(scale * others, fraction, here, space)
      activeRows += 1
    }
    for lane in 0..<16 {
      sums.first += Double(firstSum[lane])
      sums.second += Double(secondSum[lane])
    }
    for c in 0..<classes {
      var total = space.blockTotal[c]
      var upper = space.blockUpper[c]
      for row in 0..<activeRows {
        let value = space.exponentials[row * rowLength + c]
        total = total.addingProduct(value, space.rowScales[2 * row])
        upper = upper.addingProduct(value, space.rowScales[2 * row + 1])
      }
      add(total - upper, to: space.topGradient + c * space.stride + column)
      add(upper, to: space.bottomGradient + c * space.stride + column)
    }
  }

  /// The exponentials of the labels, with zeros left in their places.
  @inline(__always)
  private func takeOut(
    _ exponentials: UnsafeMutablePointer<Vector>, _ labels: UnsafePointer<UInt8>
  ) -> Vector {
    let words = UnsafeRawPointer(labels).loadUnaligned(as: SIMD2<UInt64>.self)
    let label = Int(labels[0])
    let repeated = UInt64(label) &* 0x0101_0101_0101_0101
    if words[0] == repeated && words[1] == repeated {
      let result = exponentials[label]
      exponentials[label] = Vector()
      return result
    }
    let values = UnsafeMutableRawPointer(exponentials).assumingMemoryBound(to: Float.self)
    var result = Vector()
    for lane in 0..<16 {
      let index = Int(labels[lane]) &* 16 &+ lane
      result[lane] = values[index]
      values[index] = 0
    }
    return result
  }

  /// Subtracts at each pixel's own class what the other classes receive.
  @inline(__always)
  private func subtractLabels(
    _ factor: Vector, _ fraction: Float, _ labels: UnsafePointer<UInt8>, _ space: Workspace
  ) {
    let upper = factor * Vector(repeating: fraction)
    let words = UnsafeRawPointer(labels).loadUnaligned(as: SIMD2<UInt64>.self)
    let label = Int(labels[0])
    let repeated = UInt64(label) &* 0x0101_0101_0101_0101
    if words[0] == repeated && words[1] == repeated {
      space.blockTotal[label] -= factor
      space.blockUpper[label] -= upper
      return
    }
    let totals = UnsafeMutableRawPointer(space.blockTotal).assumingMemoryBound(to: Float.self)
    let uppers = UnsafeMutableRawPointer(space.blockUpper).assumingMemoryBound(to: Float.self)
    for lane in 0..<16 {
      let index = Int(labels[lane]) &* 16 &+ lane
      totals[index] -= factor[lane]
      uppers[index] -= upper[lane]
    }
  }

  @inline(__always)
  private func weight(_ space: Workspace, _ column: Int, _ fraction: Float) -> Vector {
    let top = UnsafeRawPointer(space.topWeight + column).loadUnaligned(as: Vector.self)
    let bottom = UnsafeRawPointer(space.bottomWeight + column).loadUnaligned(as: Vector.self)
    return top.addingProduct(Vector(repeating: fraction), bottom - top)
  }

  @inline(__always)
  private func add(_ value: Vector, to place: UnsafeMutablePointer<Float>) {
    let old = UnsafeRawPointer(place).loadUnaligned(as: Vector.self)
    UnsafeMutableRawPointer(place).storeBytes(of: old + value, as: Vector.self)
  }
}
