import CImage

/// Reads PNG and JPEG files; which of the two a file is, its content says.
///
/// A slip of the writer's on which no pixel depends, and which other readers forgive, is told and
/// forgiven: bytes too many before a marker of the header or the last one, an end that is missing.
package enum ImageFile {
  /// The size and kind of an image, from its first bytes.
  package static func header(
    _ path: String, limits: ImageLimits = .standard, turning: Turning = .exif
  ) throws(ImageError) -> ImageHeader {
    // A JPEG may hold a thumbnail or a profile before the size, a PNG before the orientation.
    var prefix = 4096
    while true {
      let bytes = try contents(path, limits, prefix: prefix)
      do {
        return try header(bytes, path, limits, turning) { () throws(ImageError) in
          try FileBytes.contents(of: path, limit: limits.fileBytes, suffix: lastBytes)
        }
      } catch {
        guard error.kind == .truncated, bytes.count == prefix else { throw error }
        prefix *= 16
      }
    }
  }

  /// A photo `[H, W, 3]`: gray, palettes and inks as RGB, alpha dropped, of 16 bits the upper 8.
  ///
  /// - Parameters:
  ///   - path: the file.
  ///   - limits: what it may measure.
  ///   - turning: what its EXIF orientation does.
  ///   - watch: is shown the bytes before they are decoded.
  ///   - slip: is called with a slip of the file's writer, if there is one.
  package static func readRGB(
    _ path: String, limits: ImageLimits = .standard, turning: Turning = .exif,
    watch: FileBytes.Watch? = nil, slip: (String) -> Void = { _ in }
  ) throws(ImageError) -> RGBImage {
    let bytes = try contents(path, limits, watch: watch)
    return try decodeRGB(bytes, path: path, limits: limits, turning: turning, slip: slip)
  }

  /// A label map `[H, W]`, PNG only: gray values or palette indices as they are stored, alpha dropped;
  /// of three channels, which have to be equal, the first.
  ///
  /// - Parameters:
  ///   - path: the file.
  ///   - limits: what it may measure.
  ///   - turning: what its own EXIF orientation does.
  ///   - watch: is shown the bytes before they are decoded.
  ///   - slip: is called with a slip of the file's writer, if there is one.
  package static func readLabels(
    _ path: String, limits: ImageLimits = .standard, turning: Turning = .exif,
    watch: FileBytes.Watch? = nil, slip: (String) -> Void = { _ in }
  ) throws(ImageError) -> GrayImage {
    let bytes = try contents(path, limits, watch: watch)
    return try decodeLabels(bytes, path: path, limits: limits, turning: turning, slip: slip)
  }

  /// Whether the end of a format is among a file's last bytes. A file without it may be cut off, or only
  /// have something behind its end: its pixels tell.
  package static func hasEnd(
    _ path: String, _ format: ImageHeader.Format, limits: ImageLimits = .standard
  ) throws(ImageError) -> Bool {
    let last = try FileBytes.contents(of: path, limit: limits.fileBytes, suffix: endBytes)
    let end: [UInt8] = format == .png ? Array("IEND".utf8) : [0xFF, 0xD9]
    return last.indices.contains { last[$0...].starts(with: end) }
  }

  /// The header of an encoded image; `path` names it in errors.
  package static func header(
    of bytes: [UInt8], path: String, limits: ImageLimits = .standard, turning: Turning = .exif
  ) throws(ImageError) -> ImageHeader {
    try header(bytes, path, limits, turning) { Array(bytes.suffix(lastBytes)) }
  }

  /// Decodes a photo; `path` names it in errors.
  package static func decodeRGB(
    _ bytes: [UInt8], path: String, limits: ImageLimits = .standard, turning: Turning = .exif,
    slip: (String) -> Void = { _ in }
  ) throws(ImageError) -> RGBImage {
    let header = try header(of: bytes, path: path, limits: limits, turning: turning)
    let stored = try decode(bytes, CIMAGE_RGB, header, path: path, limits: limits, slip: slip)
    let pixels = Orientation(header.orientation).turned(
      stored, width: header.width, height: header.height, channels: 3)
    return RGBImage(width: header.width, height: header.height, pixels: pixels)
  }

  /// Decodes a label map; `path` names it in errors.
  package static func decodeLabels(
    _ bytes: [UInt8], path: String, limits: ImageLimits = .standard, turning: Turning = .exif,
    slip: (String) -> Void = { _ in }
  ) throws(ImageError) -> GrayImage {
    let header = try header(of: bytes, path: path, limits: limits, turning: turning)
    let isInColours = header.canHoldLabels && header.channels > 1
    var stored = try decode(
      bytes, isInColours ? CIMAGE_RGB : CIMAGE_LABELS, header, path: path, limits: limits,
      slip: slip)
    let orientation = Orientation(header.orientation)
    if isInColours {
      stored = try channel(
        of: stored, width: orientation.swapsAxes ? header.height : header.width, path: path)
    }
    let pixels = orientation.turned(
      stored, width: header.width, height: header.height, channels: 1)
    return GrayImage(width: header.width, height: header.height, pixels: pixels)
  }
}

extension ImageFile {
  /// How many bytes at its end a file is searched for that end: some writers add a few.
  private static let endBytes = 64
  /// How many bytes at its end a PNG is searched for an orientation behind its pixels.
  private static let lastBytes = 1 << 16

  private static func contents(
    _ path: String, _ limits: ImageLimits, prefix: Int = .max, watch: FileBytes.Watch? = nil
  ) throws(ImageError) -> [UInt8] {
    try limits.explaining { () throws(ImageError) in
      try FileBytes.contents(of: path, limit: limits.fileBytes, prefix: prefix, watch: watch)
    }
  }

  /// The header in the first bytes of a file; `last` gives its last ones.
  private static func header(
    _ bytes: [UInt8], _ path: String, _ limits: ImageLimits, _ turning: Turning,
    last: () throws(ImageError) -> [UInt8]
  ) throws(ImageError) -> ImageHeader {
    var header = cimage_header()
    _ = try limits.explaining { () throws(ImageError) in
      try check(path) { message in
        cimage_read_header(&header, bytes, bytes.count, cimage_limits(limits), message)
      }
    }
    if turning == .exif, header.orientation == 0 {
      let last = try last()
      header.orientation = cimage_png_late_orientation(last, last.count)
    }
    let orientation = Orientation(turning == .exif ? Int(header.orientation) : 1)
    let (width, height) = (Int(header.width), Int(header.height))
    return ImageHeader(
      format: header.format == CIMAGE_PNG ? .png : .jpeg,
      width: orientation.swapsAxes ? height : width,
      height: orientation.swapsAxes ? width : height, channels: Int(header.channels),
      depth: Int(header.depth), hasPalette: header.palette, orientation: orientation.value)
  }

  /// The pixels as they are stored, 3 bytes or 1 each.
  private static func decode(
    _ bytes: [UInt8], _ layout: cimage_layout, _ header: ImageHeader, path: String,
    limits: ImageLimits, slip: (String) -> Void
  ) throws(ImageError) -> [UInt8] {
    let size = header.width * header.height * (layout == CIMAGE_RGB ? 3 : 1)
    var note = ""
    var failure: ImageError?
    let pixels = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      do throws(ImageError) {
        note = try check(path) { message in
          cimage_decode(
            buffer.baseAddress, size, bytes, bytes.count, layout, cimage_limits(limits), message)
        }
        count = size
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    if !note.isEmpty { slip(note) }
    return pixels
  }

  /// The channel of labels `[H, W, 3]` that were saved as gray colours.
  private static func channel(
    of colours: [UInt8], width: Int, path: String
  ) throws(ImageError) -> [UInt8] {
    let places = stride(from: 0, to: colours.count, by: 3)
    let coloured = places.first { place in
      let red = colours[place]
      return colours[place + 1] != red || colours[place + 2] != red
    }
    if let coloured {
      let pixel = coloured / 3
      let colour = colours[coloured..<coloured + 3].map { "\($0)" }.joined(separator: ", ")
      throw ImageError(
        .unsupported, path: path,
        reason: "labels in colours, \(colour) at row \(pixel / width), column \(pixel % width); "
          + "expected one class index a pixel, gray or palette, or three equal channels")
    }
    return places.map { colours[$0] }
  }
}

/// Runs a function of CImage, returns the slip that it tells, and throws the error.
@discardableResult func check(
  _ path: String, _ body: (UnsafeMutablePointer<CChar>?) -> cimage_status
) throws(ImageError) -> String {
  let size = CIMAGE_MESSAGE_SIZE
  var status = CIMAGE_OK
  let message = String(unsafeUninitializedCapacity: size) { buffer in
    buffer.initialize(repeating: 0)
    return buffer.withMemoryRebound(to: CChar.self) { characters in
      status = body(characters.baseAddress)
      return characters.firstIndex(of: 0) ?? 0
    }
  }
  let kind: ImageError.Kind
  switch status {
  case CIMAGE_OK: return message
  case CIMAGE_TRUNCATED: kind = .truncated
  case CIMAGE_TOO_LARGE: kind = .tooLarge
  case CIMAGE_UNSUPPORTED: kind = .unsupported
  default: kind = .damaged
  }
  throw ImageError(kind, path: path, reason: message)
}

extension cimage_limits {
  fileprivate init(_ limits: ImageLimits) {
    self.init(
      width: UInt32(limits.width), height: UInt32(limits.height), pixels: UInt64(limits.pixels))
  }
}
