/// A colour of 8 bits a channel.
package struct RGBColour: Equatable, Hashable, Sendable {
  /// Red, 0 to 255.
  package var red: UInt8
  /// Green, 0 to 255.
  package var green: UInt8
  /// Blue, 0 to 255.
  package var blue: UInt8

  /// A colour from its three channels.
  package init(_ red: UInt8, _ green: UInt8, _ blue: UInt8) {
    self.red = red
    self.green = green
    self.blue = blue
  }
}

/// A photo: 8-bit red, green, blue; `[H, W, 3]`, rows from the top.
package struct RGBImage: Equatable, Sendable {
  /// Pixels in a row.
  package let width: Int
  /// Rows.
  package let height: Int
  /// `[H, W, 3]`, 3 * width * height bytes.
  package var pixels: [UInt8]

  /// An image of these pixels `[H, W, 3]`.
  package init(width: Int, height: Int, pixels: [UInt8]) {
    precondition(
      pixels.count == 3 * width * height,
      "RGBImage \(width) x \(height) needs \(3 * width * height) bytes, got \(pixels.count)")
    self.width = width
    self.height = height
    self.pixels = pixels
  }
}

/// One byte a pixel, such as a label map; `[H, W]`, rows from the top.
package struct GrayImage: Equatable, Sendable {
  /// Pixels in a row.
  package let width: Int
  /// Rows.
  package let height: Int
  /// `[H, W]`, width * height bytes.
  package var pixels: [UInt8]

  /// An image of these pixels `[H, W]`.
  package init(width: Int, height: Int, pixels: [UInt8]) {
    precondition(
      pixels.count == width * height,
      "GrayImage \(width) x \(height) needs \(width * height) bytes, got \(pixels.count)")
    self.width = width
    self.height = height
    self.pixels = pixels
  }
}

/// What the first bytes of an image file tell.
package struct ImageHeader: Equatable, Sendable {
  /// The file formats that are read.
  package enum Format: Sendable {
    /// Portable Network Graphics.
    case png
    /// JPEG, baseline or progressive.
    case jpeg
  }

  /// The file's format, by its content.
  package let format: Format
  /// Pixels in a row of the image as it is read: turned.
  package let width: Int
  /// Rows of the image as it is read.
  package let height: Int
  /// Values a pixel as stored: 1 gray or palette index, 2 gray and alpha, 3 RGB, 4 RGBA or CMYK.
  package let channels: Int
  /// Bits a value.
  package let depth: Int
  /// Whether the values are indices into a palette.
  package let hasPalette: Bool
  /// The EXIF orientation, 1 to 8, by which the image is turned when it is read; 1: as it is stored.
  package let orientation: Int

  /// Whether `ImageFile.readLabels` may read such a file: PNG, values of at most 8 bits. Of several
  /// channels the pixels tell.
  package var canHoldLabels: Bool { format == .png && depth <= 8 }
  /// Whether `ImageFile.readRGB` reads such a file: any PNG, gray, RGB or CMYK JPEG.
  package var canHoldPhoto: Bool { format == .png || channels != 2 && channels <= 4 }
}
