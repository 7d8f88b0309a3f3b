/// A colour of 8 bits a channel.
public struct RGBColour: Equatable, Hashable, Sendable {
  /// Red, 0 to 255.
  public var red: UInt8
  /// Green, 0 to 255.
  public var green: UInt8
  /// Blue, 0 to 255.
  public var blue: UInt8

  /// A colour from its three channels.
  public init(_ red: UInt8, _ green: UInt8, _ blue: UInt8) {
    self.red = red
    self.green = green
    self.blue = blue
  }
}

/// A photo: 8-bit red, green, blue; `[H, W, 3]`, rows from the top.
public struct RGBImage: Equatable, Sendable {
  /// Pixels in a row.
  public let width: Int
  /// Rows.
  public let height: Int
  /// `[H, W, 3]`, 3 * width * height bytes.
  public var pixels: [UInt8]

  /// An image of these pixels `[H, W, 3]`.
  public init(width: Int, height: Int, pixels: [UInt8]) {
    precondition(
      pixels.count == 3 * width * height,
      "RGBImage \(width) x \(height) needs \(3 * width * height) bytes, got \(pixels.count)")
    self.width = width
    self.height = height
    self.pixels = pixels
  }
}

/// One byte a pixel, such as a label map; `[H, W]`, rows from the top.
public struct GrayImage: Equatable, Sendable {
  /// Pixels in a row.
  public let width: Int
  /// Rows.
  public let height: Int
  /// `[H, W]`, width * height bytes.
  public var pixels: [UInt8]

  /// An image of these pixels `[H, W]`.
  public init(width: Int, height: Int, pixels: [UInt8]) {
    precondition(
      pixels.count == width * height,
      "GrayImage \(width) x \(height) needs \(width * height) bytes, got \(pixels.count)")
    self.width = width
    self.height = height
    self.pixels = pixels
  }
}

/// What the first bytes of an image file tell.
public struct ImageHeader: Equatable, Sendable {
  /// The file formats that are read.
  public enum Format: Sendable {
    /// Portable Network Graphics.
    case png
    /// JPEG, baseline or progressive.
    case jpeg
  }

  /// The file's format, by its content.
  public let format: Format
  /// Pixels in a row of the image as it is read: turned.
  public let width: Int
  /// Rows of the image as it is read.
  public let height: Int
  /// Values a pixel as stored: 1 gray or palette index, 2 gray and alpha, 3 RGB, 4 RGBA or CMYK.
  public let channels: Int
  /// Bits a value.
  public let depth: Int
  /// Whether the values are indices into a palette.
  public let hasPalette: Bool
  /// The EXIF orientation, 1 to 8, by which the image is turned when it is read; 1: as it is stored.
  public let orientation: Int

  /// Whether `ImageFile.readLabels` may read such a file: PNG, values of at most 8 bits. Of several
  /// channels the pixels tell.
  public var canHoldLabels: Bool { format == .png && depth <= 8 }
  /// Whether `ImageFile.readRGB` reads such a file: any PNG, gray, RGB or CMYK JPEG.
  public var canHoldPhoto: Bool { format == .png || channels != 2 && channels <= 4 }
}
