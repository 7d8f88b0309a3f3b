/// Why an image could not be read or written.
package struct ImageError: Error, Equatable, CustomStringConvertible {
  /// What kind of fault it is.
  package enum Kind: Sendable {
    /// There is no such file.
    case missing
    /// The file is not a regular one, cannot be written, or this user may not read it.
    case file
    /// The disk or the file server could not read it, and perhaps can later.
    case inputOutput
    /// The file is not the one that it was when the run began.
    case changed
    /// The process may open no more files: nothing is wrong with this one.
    case tooManyFiles
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
  package let kind: Kind
  /// The file, as it was given.
  package let path: String
  /// What was found and expected, on one line.
  package let reason: String

  /// An error about a file.
  package init(_ kind: Kind, path: String, reason: String) {
    self.kind = kind
    self.path = path
    self.reason = reason
  }

  /// One line: path and reason.
  package var description: String { "image: \(path): \(reason)" }
}

/// What an image may measure at most, so that a file of a few bytes cannot claim gigabytes.
package struct ImageLimits: Equatable, Sendable {
  /// Pixels in a row.
  package var width: Int
  /// Rows.
  package var height: Int
  /// Pixels in all.
  package var pixels: Int
  /// Bytes of the file.
  package var fileBytes: Int
  /// What to do about a larger image, for messages; nil if there is nothing.
  package var remedy: String?

  /// The longest side that a file of any kind can say: JPEG has 16 bits for it.
  package static let longestSide = 65_535

  /// Limits; the defaults are sides of 65535 pixels, 64 Mi pixels in all, 256 MiB of file.
  package init(
    width: Int = longestSide, height: Int = longestSide, pixels: Int = 64 << 20,
    fileBytes: Int = 256 << 20, remedy: String? = nil
  ) {
    precondition(
      width > 0 && height > 0 && pixels > 0 && fileBytes > 0
        && width <= 1 << 24 && height <= 1 << 24,
      "ImageLimits(\(width), \(height), \(pixels), \(fileBytes)): out of range")
    self.width = width
    self.height = height
    self.pixels = pixels
    self.fileBytes = fileBytes
    self.remedy = remedy
  }

  /// The limits of images that take at most `mebibytes` MiB when they are decoded to 3 bytes a pixel.
  ///
  /// - Parameters:
  ///   - mebibytes: from 1 to 2^20.
  ///   - remedy: what to do about a larger image, for messages.
  package init(mebibytes: Int, remedy: String? = nil) {
    precondition(
      (1...1 << 20).contains(mebibytes), "ImageLimits of \(mebibytes) MiB; expected 1 to 2^20")
    let bytes = mebibytes << 20
    // A file may be larger than its pixels, by 16 bits a channel and by transparency.
    self.init(pixels: bytes / 3, fileBytes: max(256 << 20, bytes / 3 * 4), remedy: remedy)
  }

  /// Sides of 65535 pixels, 64 Mi pixels in all, 256 MiB of file.
  package static let standard = ImageLimits()

  /// Calls `body`; what it finds too large is told with the remedy.
  func explaining<R>(_ body: () throws(ImageError) -> R) throws(ImageError) -> R {
    do throws(ImageError) {
      return try body()
    } catch {
      guard error.kind == .tooLarge, let remedy else { throw error }
      throw ImageError(.tooLarge, path: error.path, reason: "\(error.reason); \(remedy)")
    }
  }
}
