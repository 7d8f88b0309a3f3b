import CImage

/// Encodes JPEG images, for pages that show many: masks and photos alike lose little, and become small.
package enum JPEGWriter {
  /// A photo as JPEG, with colour at full size.
  ///
  /// - Parameters:
  ///   - image: the photo.
  ///   - quality: from 1 to 100.
  /// - Throws: `ImageError` for an image without pixels, or with more than 65500 in a row or column.
  package static func encode(_ image: RGBImage, quality: Int = 85) throws(ImageError) -> [UInt8] {
    precondition((1...100).contains(quality), "JPEGWriter: quality \(quality); expected 1 to 100")
    guard image.width > 0, image.height > 0 else {
      throw ImageError(
        .unsupported, path: "JPEG",
        reason: "\(image.width) x \(image.height) pixels; a JPEG needs at least one")
    }
    var encoded: UnsafeMutablePointer<UInt8>?
    var length = 0
    try check("JPEG") { message in
      cimage_encode_jpeg(
        &encoded, &length, image.pixels, UInt32(image.width), UInt32(image.height),
        Int32(quality), message)
    }
    defer { cimage_free(encoded) }
    return Array(UnsafeBufferPointer(start: encoded, count: length))
  }
}

extension RGBImage {
  /// The image in whole steps smaller: each pixel is the mean of `factor` x `factor` ones, of fewer at
  /// the right and lower edge.
  package func reduced(by factor: Int) -> RGBImage {
    precondition(factor > 0, "RGBImage: reduced by \(factor); expected 1 or more")
    guard factor > 1 else { return self }
    let (across, down) = ((width + factor - 1) / factor, (height + factor - 1) / factor)
    var result: [UInt8] = []
    result.reserveCapacity(3 * across * down)
    for row in 0..<down {
      let rows = row * factor..<min((row + 1) * factor, height)
      for column in 0..<across {
        let columns = column * factor..<min((column + 1) * factor, width)
        let count = rows.count * columns.count
        for channel in 0..<3 {
          var sum = 0
          for y in rows {
            for x in columns { sum += Int(pixels[3 * (y * width + x) + channel]) }
          }
          result.append(UInt8((sum + count / 2) / count))
        }
      }
    }
    return RGBImage(width: across, height: down, pixels: result)
  }
}
