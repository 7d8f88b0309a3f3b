import Randomness

/// Red, green, blue in 0...1 and the share in 0...1 with which the colour covers what is beneath.
typealias SceneColour = SIMD4<Float>

/// An opaque colour.
@inline(__always)
func rgb(_ red: Float, _ green: Float, _ blue: Float) -> SceneColour {
  SceneColour(red, green, blue, 1)
}

/// The colour, covering all that is beneath.
@inline(__always)
func opaque(_ colour: SceneColour) -> SceneColour {
  SceneColour(colour.x, colour.y, colour.z, 1)
}

extension SceneColour {
  /// The colour with its light multiplied and its coverage kept.
  @inline(__always)
  func lit(_ factor: Float) -> SceneColour {
    self * SceneColour(factor, factor, factor, 1)
  }

  /// The colour moved towards another by a share in 0...1, its coverage kept.
  @inline(__always)
  func mixed(_ other: SceneColour, _ share: Float) -> SceneColour {
    var moved = self + (other - self) * share
    moved.w = w
    return moved
  }
}

/// Colours that cars, facades, clothes and posts have in common: colour alone tells no class.
enum ScenePaints {
  static let shared: [SceneColour] = [
    rgb(0.42, 0.42, 0.43), rgb(0.55, 0.55, 0.56), rgb(0.70, 0.70, 0.69), rgb(0.85, 0.84, 0.82),
    rgb(0.20, 0.20, 0.22), rgb(0.30, 0.32, 0.36), rgb(0.55, 0.20, 0.16), rgb(0.62, 0.36, 0.26),
    rgb(0.72, 0.62, 0.44), rgb(0.78, 0.70, 0.58), rgb(0.24, 0.34, 0.52), rgb(0.36, 0.44, 0.34),
    rgb(0.60, 0.52, 0.46), rgb(0.44, 0.30, 0.24),
  ]
  static let leaves: [SceneColour] = [
    rgb(0.24, 0.36, 0.14), rgb(0.32, 0.44, 0.18), rgb(0.20, 0.30, 0.16), rgb(0.40, 0.46, 0.20),
    rgb(0.34, 0.40, 0.22), rgb(0.50, 0.38, 0.16), rgb(0.44, 0.30, 0.18),
  ]
  static let skin: [SceneColour] = [
    rgb(0.80, 0.62, 0.50), rgb(0.66, 0.46, 0.34), rgb(0.42, 0.28, 0.20), rgb(0.88, 0.70, 0.58),
  ]
}

/// The largest whole number that is not above `value`, |value| below 2^31.
///
/// `rounded(.down)` calls the C library on processors that may lack an instruction for it.
@inline(__always)
func wholePart(_ value: Float) -> Float {
  let towardsZero = Float(Int32(value))
  return towardsZero > value ? towardsZero - 1 : towardsZero
}

/// Smooth random texture: a table of 128 x 128 values in 0...1 that repeats itself in both axes.
struct SceneNoise: Sendable {
  /// The table all scenes read, each at its own offset.
  static let shared = SceneNoise()

  private static let side = 128
  private let values: [Float]

  /// Sums four octaves of a random lattice, each interpolated linearly.
  private init() {
    let side = Self.side
    var random = CounterRandom(.scene, seed: 0, -1)
    var sum = [Float](repeating: 0, count: side * side)
    var weight: Float = 0.5
    for cell in [16, 8, 4, 1] {
      let count = side / cell
      let lattice = (0..<count * count).map { _ in random.float(0, 1) }
      for y in 0..<side {
        for x in 0..<side {
          let (left, top) = (x / cell, y / cell)
          let (right, bottom) = ((left + 1) % count, (top + 1) % count)
          let across = Float(x % cell) / Float(cell)
          let down = Float(y % cell) / Float(cell)
          let upper =
            lattice[top * count + left] * (1 - across) + lattice[top * count + right] * across
          let lower =
            lattice[bottom * count + left] * (1 - across) + lattice[bottom * count + right] * across
          sum[y * side + x] += weight * (upper * (1 - down) + lower * down)
        }
      }
      weight *= 0.6
    }
    let low = sum.min() ?? 0
    let high = sum.max() ?? 1
    values = sum.map { ($0 - low) / (high - low) }
  }

  /// The value of the cell that holds (`x`, `y`); |x| and |y| below 2^31.
  @inline(__always)
  func callAsFunction(_ x: Float, _ y: Float) -> Float {
    let column = Int(wholePart(x)) & (Self.side - 1)
    let row = Int(wholePart(y)) & (Self.side - 1)
    return values[row * Self.side + column]
  }

  /// The value at (`x`, `y`), interpolated between cells.
  @inline(__always)
  func smooth(_ x: Float, _ y: Float) -> Float {
    let left = wholePart(x)
    let top = wholePart(y)
    let (across, down) = (x - left, y - top)
    let upper = self(left, top) * (1 - across) + self(left + 1, top) * across
    let lower = self(left, top + 1) * (1 - across) + self(left + 1, top + 1) * across
    return upper * (1 - down) + lower * down
  }
}
