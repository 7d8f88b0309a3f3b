import ImageIO

/// From 8-bit RGB to the network's input: B, G, R planes with the mean of ImageNet subtracted, no
/// division by a deviation.
package enum Normalisation {
  /// The mean of B, G and R.
  package static let meanBGR = ImageNetMean.bgr

  /// The whole image as `[3, H, W]` in B, G, R order: float32(double(value) - mean).
  package static func normalise(_ image: RGBImage) -> [Float] {
    let count = image.width * image.height
    return [Float](unsafeUninitializedCapacity: 3 * count) { buffer, initialized in
      normalise(image, into: buffer)
      initialized = 3 * count
    }
  }

  /// The same into a buffer of 3 * H * W values.
  package static func normalise(_ image: RGBImage, into output: UnsafeMutableBufferPointer<Float>) {
    let count = image.width * image.height
    precondition(
      output.count == 3 * count, "buffer of \(output.count) values; the image needs \(3 * count)")
    image.pixels.withUnsafeBufferPointer { pixels in
      guard let source = pixels.baseAddress, let target = output.baseAddress else { return }
      writeRow(source, count: count, planes: target, stride: count, isMirrored: false)
    }
  }

  /// For B, G and R: the normalised value of each of the 256 levels, `[3, 256]`.
  private static let levels: [Float] = meanBGR.flatMap { mean in
    (0..<256).map { Float(Double($0) - mean) }
  }

  /// Writes `count` pixels to three planes that lie `stride` values apart, from `planes` on, or
  /// from `planes` backwards if mirrored.
  static func writeRow(
    _ source: UnsafePointer<UInt8>, count: Int, planes: UnsafeMutablePointer<Float>, stride: Int,
    isMirrored: Bool
  ) {
    let step = isMirrored ? -1 : 1
    levels.withUnsafeBufferPointer { levels in
      guard let base = levels.baseAddress else { return }
      for plane in 0..<3 {
        let table = base + 256 &* plane
        let channel = source + (2 &- plane)
        let target = planes + stride &* plane
        for x in 0..<count { target[step &* x] = table[Int(channel[3 &* x])] }
      }
    }
  }
}
