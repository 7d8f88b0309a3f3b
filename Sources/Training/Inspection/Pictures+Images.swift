import Datasets
import ImageIO
import Pictures

extension RGBImage {
  /// A drawn picture as an image.
  init(_ canvas: Canvas) {
    self.init(width: canvas.width, height: canvas.height, pixels: canvas.pixels)
  }
}
