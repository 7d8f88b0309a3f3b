import Datasets
import ImageIO

extension SceneSet: SampleSource {
  /// The street's classes with their colours.
  package var classes: ClassList { told.list }

  /// The part and the scene's number.
  package func name(_ index: Int) -> String { "\(part) scene \(index)" }

  /// Draws a scene.
  package func sample(_ index: Int) -> LabelledImage {
    let scene = image(index)
    return LabelledImage(
      image: RGBImage(width: width, height: height, pixels: scene.pixels),
      labels: GrayImage(width: width, height: height, pixels: told.labels(scene.labels)))
  }
}
