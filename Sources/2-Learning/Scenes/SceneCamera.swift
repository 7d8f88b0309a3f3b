/// A point of the picture: columns to the right, rows downwards, pixel centres at halves.
struct ScenePoint {
  var x: Float
  var y: Float
}

/// A pinhole camera that looks along a street.
///
/// Metres: X to the right of the camera, Y up from the ground, Z ahead. All sizes are drawn as
/// shares of the picture's height, so a scene is the same at every resolution.
struct SceneCamera {
  /// Focal length in pixels.
  let focal: Float
  /// The column and row of the vanishing point.
  let vanishing: ScenePoint
  /// Metres above the ground.
  let height: Float

  /// Nothing nearer than this many metres is drawn.
  static let nearest: Float = 1

  /// Where a point of the world appears; `z` is at least `nearest`.
  func project(_ x: Float, _ y: Float, _ z: Float) -> ScenePoint {
    let scale = focal / z
    return ScenePoint(x: vanishing.x + x * scale, y: vanishing.y + (height - y) * scale)
  }

  /// Pixels in a metre at depth `z`.
  func scale(at z: Float) -> Float { focal / z }
}

/// The air between camera and things: far things take its colour.
struct SceneAir {
  let colour: SceneColour
  /// The depth in metres at which half of a thing's own colour is left.
  let halfDepth: Float

  /// The share of the air's colour at depth `z`, a rational stand-in for 1 - exp(-z/d).
  func share(at z: Float) -> Float { z / (z + halfDepth) }
}
