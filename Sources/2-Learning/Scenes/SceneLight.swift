import Randomness

/// The sun, or the lack of it.
struct SceneSun {
  /// 0 under clouds to 1.
  let strength: Float
  /// Where a metre of height throws its shadow, in metres to the right and ahead.
  let reach: (x: Float, z: Float)

  init(_ random: inout CounterRandom) {
    strength = random.chance(0.35) ? 0 : random.float(0.4, 1)
    reach = (random.side() * random.float(0.3, 1.4), random.float(-0.8, 1.0))
  }

  /// The light on an upright face that looks to the side of `normal` (-1 left, 1 right).
  func onSide(_ normal: Float) -> Float {
    let facing = -normal * reach.x / (1 + abs(reach.x))
    return 1 - 0.2 * strength + 0.6 * strength * facing
  }

  /// The light on a face that looks at the camera: dark when shadows come towards it.
  var onFront: Float { 1 - 0.1 * strength + 0.3 * strength * reach.z }

  /// What remains of the light in a cast shadow.
  var inShadow: Float { 1 - 0.58 * strength }
}

/// Which ground pixels lie in shadow, gathered before the ground is painted.
struct SceneShadows {
  /// Bits of `mask`.
  static let cast: UInt8 = 1
  static let dappled: UInt8 = 2
  static let contact: UInt8 = 4

  let sun: SceneSun
  private let camera: SceneCamera
  private let width: Int
  private let height: Int
  /// `[height, width]`.
  private(set) var mask: [UInt8]

  init(width: Int, height: Int, camera: SceneCamera, sun: SceneSun) {
    (self.width, self.height, self.camera, self.sun) = (width, height, camera, sun)
    mask = [UInt8](repeating: 0, count: width * height)
  }

  /// Marks a convex patch of ground, corners in metres (X, Z).
  mutating func mark(_ corners: [(x: Float, z: Float)], _ bit: UInt8) {
    let points = corners.map { camera.project($0.x, 0, max($0.z, SceneCamera.nearest)) }
    let rows = SceneCanvas.pixels(
      points.reduce(.infinity) { min($0, $1.y) }, points.reduce(-.infinity) { max($0, $1.y) },
      of: height)
    for row in rows {
      guard let (low, high) = SceneCanvas.crossings(points, Float(row) + 0.5) else { continue }
      for column in SceneCanvas.pixels(low, high, of: width) { mask[row * width + column] |= bit }
    }
  }

  /// Marks the shadow of an upright thing `wide` metres across and `tall` metres high.
  mutating func cast(x: Float, z: Float, wide: Float, tall: Float) {
    guard sun.strength > 0 else { return }
    let (dx, dz) = (sun.reach.x * tall, sun.reach.z * tall)
    let half = wide / 2
    mark(
      [
        (x - half, z - half), (x + half, z + half), (x + half + dx, z + half + dz),
        (x - half + dx, z - half + dz),
      ], Self.cast)
  }

  /// Marks an ellipse of ground.
  mutating func blot(x: Float, z: Float, _ across: Float, _ ahead: Float, _ bit: UInt8) {
    mark(SceneCircle.points.map { (x + across * $0.x, z + ahead * $0.y) }, bit)
  }
}

/// Twelve points of the unit circle, without sine and cosine.
enum SceneCircle {
  static let points: [(x: Float, y: Float)] = {
    let a = Float(3).squareRoot() / 2
    return [
      (1, 0), (a, 0.5), (0.5, a), (0, 1), (-0.5, a), (-a, 0.5), (-1, 0), (-a, -0.5), (-0.5, -a),
      (0, -1), (0.5, -a), (a, -0.5),
    ]
  }()
}

/// Something that stands in a scene and can be drawn by itself.
protocol SceneThing {
  /// Metres ahead of the camera; far things are drawn first.
  var depth: Float { get }
  /// Marks the shadow on the ground.
  func shade(_ shadows: inout SceneShadows)
  /// Draws the thing over what lies behind it.
  func draw(on canvas: inout SceneCanvas, in sun: SceneSun)
}

extension SceneThing {
  func shade(_ shadows: inout SceneShadows) {}
}
