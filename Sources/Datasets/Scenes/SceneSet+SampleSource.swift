import ImageIO

extension ClassList {
  /// The classes of the drawn street scenes.
  public static let streetScenes = ClassList(
    names: StreetClass.allCases.map(\.name),
    colours: StreetClass.allCases.map {
      RGBColour($0.colour.red, $0.colour.green, $0.colour.blue)
    })
}

extension SceneSet: SampleSource {
  /// The street's classes with their colours.
  public var classes: ClassList { .streetScenes }

  /// The part and the scene's number.
  public func name(_ index: Int) -> String { "\(part) scene \(index)" }

  /// Draws a scene.
  public func sample(_ index: Int) -> LabelledImage {
    let scene = image(index)
    return LabelledImage(
      image: RGBImage(width: width, height: height, pixels: scene.pixels),
      labels: GrayImage(width: width, height: height, pixels: scene.labels))
  }
}
