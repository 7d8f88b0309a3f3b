import Datasets
import ImageIO
import Pictures

extension RGBImage {
  /// A drawn picture as an image.
  package init(_ canvas: Canvas) {
    self.init(width: canvas.width, height: canvas.height, pixels: canvas.pixels)
  }
}

extension Canvas {
  /// A photo to draw on.
  package init(_ image: RGBImage) {
    self.init(width: image.width, height: image.height, pixels: image.pixels)
  }
}

extension ClassPalette {
  /// The names and colours of classes.
  package init(_ classes: ClassList) {
    self.init(
      names: classes.names,
      colours: classes.colours.map { PictureColour($0.red, $0.green, $0.blue) })
  }
}
