/// A colour of pictures.
package struct PictureColour: Sendable, Equatable {
  /// Red, 0...255.
  package var red: UInt8
  /// Green, 0...255.
  package var green: UInt8
  /// Blue, 0...255.
  package var blue: UInt8

  /// A colour from its channels.
  package init(_ red: UInt8, _ green: UInt8, _ blue: UInt8) {
    (self.red, self.green, self.blue) = (red, green, blue)
  }

  /// White.
  package static let white = PictureColour(255, 255, 255)
  /// Black.
  package static let black = PictureColour(0, 0, 0)
  /// The colour of captions.
  package static let ink = PictureColour(32, 32, 36)

  /// This colour moved towards another by a share in 0...1.
  package func mixed(with other: PictureColour, _ share: Float) -> PictureColour {
    func mix(_ from: UInt8, _ to: UInt8) -> UInt8 {
      UInt8(max(0, min(255, Float(from) + (Float(to) - Float(from)) * share + 0.5)))
    }
    return PictureColour(mix(red, other.red), mix(green, other.green), mix(blue, other.blue))
  }
}

/// A picture in memory, red, green and blue in bytes: `[height, width, 3]`.
package struct Canvas: Sendable, Equatable {
  /// Columns.
  package let width: Int
  /// Rows.
  package let height: Int
  /// `[height, width, 3]`.
  package private(set) var pixels: [UInt8]

  /// A picture of given bytes `[height, width, 3]`.
  package init(width: Int, height: Int, pixels: [UInt8]) {
    precondition(
      width > 0 && height > 0 && pixels.count == width * height * 3,
      "Canvas: \(pixels.count) bytes are not \(width)x\(height)x3")
    (self.width, self.height, self.pixels) = (width, height, pixels)
  }

  /// A picture of one colour.
  package init(width: Int, height: Int, fill colour: PictureColour = .white) {
    precondition(width > 0 && height > 0, "Canvas: size \(width)x\(height) is not positive")
    (self.width, self.height) = (width, height)
    pixels = [UInt8](unsafeUninitializedCapacity: width * height * 3) { bytes, count in
      for index in 0..<width * height {
        bytes[index * 3] = colour.red
        bytes[index * 3 + 1] = colour.green
        bytes[index * 3 + 2] = colour.blue
      }
      count = width * height * 3
    }
  }

  /// A picture whose pixel at each index in `0..<width * height` is what `colour` gives.
  package init(width: Int, height: Int, colour: (Int) -> PictureColour) {
    self.init(width: width, height: height)
    for index in 0..<width * height { self[index] = colour(index) }
  }

  /// The pixel at an index, row by row.
  package subscript(index: Int) -> PictureColour {
    get { PictureColour(pixels[index * 3], pixels[index * 3 + 1], pixels[index * 3 + 2]) }
    set {
      pixels[index * 3] = newValue.red
      pixels[index * 3 + 1] = newValue.green
      pixels[index * 3 + 2] = newValue.blue
    }
  }

  /// The pixel at a column and a row.
  package subscript(x: Int, y: Int) -> PictureColour {
    get { self[y * width + x] }
    set { self[y * width + x] = newValue }
  }

  /// Fills a rectangle; what lies outside the picture is left out.
  package mutating func fill(x: Range<Int>, y: Range<Int>, _ colour: PictureColour) {
    let columns = x.clamped(to: 0..<width)
    for row in y.clamped(to: 0..<height) {
      for column in columns { self[column, row] = colour }
    }
  }

  /// Lays another picture over this one; what lies outside is left out.
  package mutating func paste(_ other: Canvas, x: Int, y: Int) {
    for row in (y..<y + other.height).clamped(to: 0..<height) {
      for column in (x..<x + other.width).clamped(to: 0..<width) {
        self[column, row] = other[column - x, row - y]
      }
    }
  }

  /// The picture with every pixel repeated `factor` times in both axes.
  package func enlarged(by factor: Int) -> Canvas {
    precondition(factor > 0, "Canvas: factor \(factor) is not positive")
    let wide = width * factor
    return Canvas(width: wide, height: height * factor) { index in
      self[index % wide / factor, index / wide / factor]
    }
  }

  /// This picture moved towards another of its size by a share in 0...1.
  package func blended(with other: Canvas, share: Float) -> Canvas {
    precondition(
      other.width == width && other.height == height,
      "Canvas: \(other.width)x\(other.height) over \(width)x\(height)")
    return Canvas(width: width, height: height) { self[$0].mixed(with: other[$0], share) }
  }
}
