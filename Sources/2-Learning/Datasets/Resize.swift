import ImageIO

/// 8-bit resizing by a factor, bit for bit as OpenCV's INTER_LINEAR and INTER_NEAREST do it.
///
/// Every output pixel depends on its own coordinates only, so a window of the result costs no more
/// than its own pixels.
package enum Resize {
  /// The resized length of `length` pixels: round(length * factor), halves to even.
  package static func length(_ length: Int, factor: Double) -> Int {
    Int((Double(length) * factor).rounded(.toNearestOrEven))
  }

  /// The factor that counts for an image: 1 if rounding leaves both its sides as they are, since
  /// OpenCV then copies. Only images of less than 5 pixels a side are concerned.
  static func effectiveFactor(_ factor: Double, width: Int, height: Int) -> Double {
    let isSameSize =
      length(width, factor: factor) == width && length(height, factor: factor) == height
    return isSameSize ? 1 : factor
  }

  /// The photo resized with bilinear weights of 11 bits.
  ///
  /// Factor 0.5 is the mean of 2 x 2 pixels, (sum + 2) >> 2. Where an odd length leaves half a
  /// block at the border, it is the mean of the pixels that exist, halves to even.
  package static func bilinear(_ image: RGBImage, factor: Double) -> RGBImage {
    let width = length(image.width, factor: factor)
    let height = length(image.height, factor: factor)
    let pixels = [UInt8](unsafeUninitializedCapacity: 3 * width * height) { buffer, count in
      guard let base = buffer.baseAddress else { return }
      bilinearRows(image, factor: factor, rows: 0..<height, columns: 0..<width) { y, row in
        (base + 3 * width * y).update(from: row, count: 3 * width)
      }
      count = 3 * width * height
    }
    return RGBImage(width: width, height: height, pixels: pixels)
  }

  /// The labels resized by taking the source pixel min(floor(d / factor), length - 1).
  package static func nearest(_ labels: GrayImage, factor: Double) -> GrayImage {
    let width = length(labels.width, factor: factor)
    let height = length(labels.height, factor: factor)
    let factor = effectiveFactor(factor, width: labels.width, height: labels.height)
    let sourceColumns = nearestSources(0..<width, length: labels.width, factor: factor)
    let sourceRows = nearestSources(0..<height, length: labels.height, factor: factor)
    var pixels: [UInt8] = []
    pixels.reserveCapacity(width * height)
    for row in sourceRows {
      for column in sourceColumns { pixels.append(labels.pixels[row * labels.width + column]) }
    }
    return GrayImage(width: width, height: height, pixels: pixels)
  }

  /// The source pixels of the output pixels `outputs`, nearest neighbour.
  static func nearestSources(_ outputs: Range<Int>, length: Int, factor: Double) -> [Int] {
    let inverse = 1 / factor
    return outputs.map { min(Int((Double($0) * inverse).rounded(.down)), length - 1) }
  }

  /// Calls `emit` with each row of a window of the resized photo: its index and its pixels
  /// `[columns.count, 3]`, valid during the call.
  static func bilinearRows(
    _ image: RGBImage, factor: Double, rows: Range<Int>, columns: Range<Int>,
    emit: (Int, UnsafePointer<UInt8>) -> Void
  ) {
    let factor = effectiveFactor(factor, width: image.width, height: image.height)
    image.pixels.withUnsafeBufferPointer { pixels in
      guard let source = pixels.baseAddress, !columns.isEmpty else { return }
      if factor == 1 {
        for y in rows { emit(y, source + 3 * (y * image.width + columns.lowerBound)) }
      } else if factor == 0.5 {
        halfRows(image, source, rows: rows, columns: columns, emit: emit)
      } else {
        weightedRows(image, source, factor: factor, rows: rows, columns: columns, emit: emit)
      }
    }
  }
}

/// Between which two source pixels an output pixel lies, and with which weights.
private struct LinearTap {
  /// The pixel at or before the source position; along y it may lie outside the image.
  var index: Int
  /// Weight of the pixel at `index`, of 2048.
  var weight0: Int16
  /// Weight of the pixel after it.
  var weight1: Int16

  /// The tap of an output pixel. Along x the fraction is dropped beyond the border, along y not.
  init(_ output: Int, length: Int, factor: Double, clampsFraction: Bool) {
    let position = Float((Double(output) + 0.5) * (1 / factor) - 0.5)
    let below = position.rounded(.down)
    var fraction = position - below
    index = Int(below)
    if clampsFraction {
      if index < 0 { (index, fraction) = (0, 0) }
      if index >= length - 1 { (index, fraction) = (length - 1, 0) }
    }
    weight1 = Int16((fraction * 2048).rounded(.toNearestOrEven))
    weight0 = Int16(((1 - fraction) * 2048).rounded(.toNearestOrEven))
  }
}

extension Resize {
  /// Any factor but 1 and 0.5.
  private static func weightedRows(
    _ image: RGBImage, _ source: UnsafePointer<UInt8>, factor: Double, rows: Range<Int>,
    columns: Range<Int>, emit: (Int, UnsafePointer<UInt8>) -> Void
  ) {
    let stride = 3 * image.width
    let count = 3 * columns.count
    let taps = columns.map {
      LinearTap($0, length: image.width, factor: factor, clampsFraction: true)
    }
    // Two source rows, weighted along x and shifted right by 4 as the column pass wants them.
    let scratch = UnsafeMutablePointer<Int16>.allocate(capacity: 2 * count)
    let output = UnsafeMutablePointer<UInt8>.allocate(capacity: count)
    defer {
      scratch.deallocate()
      output.deallocate()
    }
    var (above, below) = (scratch, scratch + count)
    var (aboveIndex, belowIndex) = (-1, -1)
    for y in rows {
      let tap = LinearTap(y, length: image.height, factor: factor, clampsFraction: false)
      let index0 = min(max(tap.index, 0), image.height - 1)
      let index1 = min(max(tap.index + 1, 0), image.height - 1)
      if belowIndex == index0 || aboveIndex == index1 {
        swap(&above, &below)
        swap(&aboveIndex, &belowIndex)
      }
      if aboveIndex != index0 {
        weightColumns(source + stride * index0, image.width, taps, into: above)
        aboveIndex = index0
      }
      if belowIndex != index1 {
        weightColumns(source + stride * index1, image.width, taps, into: below)
        belowIndex = index1
      }
      weightRows(above, below, tap.weight0, tap.weight1, count, into: output)
      emit(y, output)
    }
  }

  /// The pass along x: (p[s] * w0 + p[s + 1] * w1) >> 4 for each channel.
  private static func weightColumns(
    _ row: UnsafePointer<UInt8>, _ width: Int, _ taps: [LinearTap],
    into output: UnsafeMutablePointer<Int16>
  ) {
    taps.withUnsafeBufferPointer { taps in
      for x in 0..<taps.count {
        let tap = taps[x]
        let left = row + 3 &* tap.index
        let right = row + 3 &* min(tap.index &+ 1, width &- 1)
        let (weight0, weight1) = (Int32(tap.weight0), Int32(tap.weight1))
        for channel in 0..<3 {
          let sum = Int32(left[channel]) &* weight0 &+ Int32(right[channel]) &* weight1
          output[3 &* x &+ channel] = Int16(truncatingIfNeeded: sum >> 4)
        }
      }
    }
  }

  /// The pass along y: each product keeps its upper 16 bits before the two are added.
  private static func weightRows(
    _ above: UnsafePointer<Int16>, _ below: UnsafePointer<Int16>, _ weight0: Int16,
    _ weight1: Int16, _ count: Int, into output: UnsafeMutablePointer<UInt8>
  ) {
    for index in 0..<count {
      let upper = (Int32(above[index]) &* Int32(weight0)) >> 16
      let lower = (Int32(below[index]) &* Int32(weight1)) >> 16
      output[index] = UInt8(truncatingIfNeeded: (upper &+ lower &+ 2) >> 2)
    }
  }

  /// Factor 0.5.
  private static func halfRows(
    _ image: RGBImage, _ source: UnsafePointer<UInt8>, rows: Range<Int>, columns: Range<Int>,
    emit: (Int, UnsafePointer<UInt8>) -> Void
  ) {
    let output = UnsafeMutablePointer<UInt8>.allocate(capacity: 3 * columns.count)
    defer { output.deallocate() }
    for y in rows {
      let above = source + 3 * image.width * 2 * y
      let hasBelow = 2 * y + 1 < image.height
      for x in columns {
        let hasRight = 2 * x + 1 < image.width
        let corner = above + 6 * x
        let target = output + 3 * (x - columns.lowerBound)
        for channel in 0..<3 {
          var sum = Int(corner[channel])
          if hasRight { sum &+= Int(corner[channel &+ 3]) }
          if hasBelow {
            let next = corner + 3 * image.width
            sum &+= Int(next[channel])
            if hasRight { sum &+= Int(next[channel &+ 3]) }
          }
          let mean: Int
          switch (hasRight, hasBelow) {
          case (true, true): mean = (sum &+ 2) >> 2
          case (false, false): mean = sum
          default: mean = (sum &+ (sum >> 1 & 1)) >> 1  // a half goes to the even neighbour
          }
          target[channel] = UInt8(truncatingIfNeeded: mean)
        }
      }
      emit(y, output)
    }
  }
}
