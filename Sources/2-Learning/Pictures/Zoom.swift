/// How large a picture's tiles are drawn: enlarged by a whole factor, or of every so many pixels one.
///
/// A picture costs memory and time in proportion to its pixels. So small tiles are enlarged until they
/// are as wide as wanted, but not higher than twice that; and where all tiles together have too many
/// pixels, some are left out.
package struct Zoom: Equatable, Sendable {
  /// How many pixels wide and high a pixel becomes.
  package let factor: Int
  /// Of so many pixels one is drawn, on both axes.
  package let stride: Int
  /// The most pixels of all tiles together.
  package static let pixelLimit = 64 << 20

  /// The zoom of `count` tiles of a size.
  package init(width: Int, height: Int, count: Int, tileWidth: Int) {
    let wanted = (tileWidth + width - 1) / width
    factor = max(1, min(wanted, 2 * tileWidth / height))
    var stride = 1
    func pixels(_ length: Int) -> Int { (length + stride - 1) / stride }
    while factor == 1, count * pixels(width) * pixels(height) > Self.pixelLimit { stride += 1 }
    self.stride = stride
  }

  /// A picture of the tiles' size as it is drawn.
  package func callAsFunction(_ picture: Canvas) -> Canvas {
    if stride > 1 { return picture.thinned(by: stride) }
    return factor > 1 ? picture.enlarged(by: factor) : picture
  }
}

extension Canvas {
  /// Every `stride`-th pixel of both axes, from the first on.
  package func thinned(by stride: Int) -> Canvas {
    precondition(stride > 0, "Canvas: stride \(stride) is not positive")
    let wide = (width + stride - 1) / stride
    return Canvas(width: wide, height: (height + stride - 1) / stride) { index in
      self[index % wide * stride, index / wide * stride]
    }
  }
}
