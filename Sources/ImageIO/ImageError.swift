/// Why an image could not be read or written.
public struct ImageError: Error, Equatable, CustomStringConvertible {
  /// What kind of fault it is.
  public enum Kind: Sendable {
    /// The file is missing, is not a regular file, or the system refused it.
    case file
    /// The bytes end before the image does.
    case truncated
    /// The bytes are not a sound PNG or JPEG.
    case damaged
    /// The image exceeds the limits.
    case tooLarge
    /// A sound image of a kind that is not read here.
    case unsupported
  }

  /// What kind of fault it is.
  public let kind: Kind
  /// The file, as it was given.
  public let path: String
  /// What was found and expected, on one line.
  public let reason: String

  /// An error about a file.
  public init(_ kind: Kind, path: String, reason: String) {
    self.kind = kind
    self.path = path
    self.reason = reason
  }

  /// One line: path and reason.
  public var description: String { "image: \(path): \(reason)" }
}

/// What an image may measure at most, so that a file of a few bytes cannot claim gigabytes.
public struct ImageLimits: Equatable, Sendable {
  /// Pixels in a row.
  public var width: Int
  /// Rows.
  public var height: Int
  /// Pixels in all.
  public var pixels: Int
  /// Bytes of the file.
  public var fileBytes: Int

  /// Limits; the defaults are 8192 x 8192 pixels, 64 Mi pixels in all, 256 MiB of file.
  public init(
    width: Int = 8192, height: Int = 8192, pixels: Int = 64 << 20, fileBytes: Int = 256 << 20
  ) {
    precondition(
      width > 0 && height > 0 && pixels > 0 && fileBytes > 0
        && width <= 1 << 24 && height <= 1 << 24,
      "ImageLimits(\(width), \(height), \(pixels), \(fileBytes)): out of range")
    self.width = width
    self.height = height
    self.pixels = pixels
    self.fileBytes = fileBytes
  }

  /// 8192 x 8192 pixels, 64 Mi pixels in all, 256 MiB of file.
  public static let standard = ImageLimits()
}
