import CImage

/// Encodes PNG images of 8 bits a channel.
package enum PNGWriter {
  /// A photo as RGB PNG.
  package static func encode(_ image: RGBImage) throws(ImageError) -> [UInt8] {
    try encode(image.pixels, image.width, image.height, CIMAGE_RGB, palette: [], path: "PNG")
  }

  /// A label map as palette PNG, or as gray PNG if the palette is empty.
  ///
  /// The palette holds at most 256 colours; every value of the image should have one.
  package static func encode(
    _ image: GrayImage, palette: [RGBColour] = []
  ) throws(ImageError) -> [UInt8] {
    try encode(
      image.pixels, image.width, image.height, CIMAGE_LABELS, palette: palette, path: "PNG")
  }

  /// Writes a photo as RGB PNG; the file appears as a whole or not at all.
  ///
  /// - Parameters:
  ///   - image: the photo.
  ///   - path: the file; one that is there, or a link, is replaced.
  ///   - isDurable: whether it is on the disk when this returns.
  package static func write(
    _ image: RGBImage, to path: String, isDurable: Bool = false
  ) throws(ImageError) {
    let bytes = try encode(
      image.pixels, image.width, image.height, CIMAGE_RGB, palette: [], path: path)
    try FileBytes.replace(path, with: bytes, isDurable: isDurable)
  }

  /// Writes a label map as palette PNG, or gray; the file appears as a whole or not at all.
  ///
  /// - Parameters:
  ///   - image: the label map.
  ///   - palette: a colour for each value; empty for gray.
  ///   - path: the file; one that is there, or a link, is replaced.
  ///   - isDurable: whether it is on the disk when this returns.
  package static func write(
    _ image: GrayImage, palette: [RGBColour] = [], to path: String, isDurable: Bool = false
  ) throws(ImageError) {
    let bytes = try encode(
      image.pixels, image.width, image.height, CIMAGE_LABELS, palette: palette, path: path)
    try FileBytes.replace(path, with: bytes, isDurable: isDurable)
  }

  private static func encode(
    _ pixels: [UInt8], _ width: Int, _ height: Int, _ layout: cimage_layout,
    palette: [RGBColour], path: String
  ) throws(ImageError) -> [UInt8] {
    guard (1...Int(Int32.max)).contains(width), (1...Int(Int32.max)).contains(height) else {
      throw ImageError(
        .unsupported, path: path, reason: "\(width) x \(height) pixels; a PNG needs at least one")
    }
    let colours = palette.flatMap { [$0.red, $0.green, $0.blue] }
    var encoded: UnsafeMutablePointer<UInt8>?
    var length = 0
    try check(path) { message in
      cimage_encode_png(
        &encoded, &length, pixels, UInt32(width), UInt32(height), layout, colours, palette.count,
        message)
    }
    defer { cimage_free(encoded) }
    return Array(UnsafeBufferPointer(start: encoded, count: length))
  }
}
