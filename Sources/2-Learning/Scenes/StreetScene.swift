import Randomness

/// A drawn street scene with the class of every pixel.
///
/// A function of (seed, part, index, width, height) alone. The plan of a scene does not depend on
/// its size, so the same scene can be had at several resolutions. Only `+ - * /`, square roots and
/// integers are used, in IEEE order: the same bits on every machine.
///
/// Scenes are made to be hard in the ways photos are: facades, cars, clothes and posts share their
/// colours, cars are painted like the road, far things fade, shadows fall, bars and spokes let the
/// background through, and edges are soft while labels are crisp.
package struct StreetScene: Sendable {
  /// Which set a scene belongs to; the sets' random streams are independent.
  package enum Part: Int, Sendable {
    /// Scenes to train on.
    case training
    /// Scenes to validate on.
    case validation
  }

  /// Columns.
  package let width: Int
  /// Rows.
  package let height: Int
  /// The image, red, green, blue: `[height, width, 3]`.
  package let pixels: [UInt8]
  /// `StreetClass` raw values, or 255 where ignored: `[height, width]`.
  package let labels: [UInt8]

  /// Draws a scene.
  package init(seed: UInt64, part: Part, index: Int, width: Int, height: Int) {
    precondition(width > 0 && height > 0, "StreetScene: size \(width)x\(height) is not positive")
    var random = CounterRandom(.scene, seed: seed, part.rawValue, index)
    let sun = SceneSun(&random)
    let sky = SceneSky(&random, sun: sun)
    let size = (width: Float(width), height: Float(height))
    let camera = SceneCamera(
      focal: size.height * random.float(0.95, 1.5),
      vanishing: ScenePoint(
        x: size.width * random.float(0.36, 0.64), y: size.height * random.float(0.36, 0.52)),
      height: random.float(1.3, 2.0))
    let isFoggy = random.chance(0.15)
    let air = SceneAir(
      colour: sky.horizon, halfDepth: isFoggy ? random.float(50, 120) : random.float(200, 700))
    let skyline = SceneSkyline(&random)
    let layout = StreetLayout(&random)
    let ground = SceneGround(&random, layout: layout)
    let plan = StreetPlan(&random, layout: layout, road: ground.road)
    let finish = SceneFinish(
      &random, noiseKey: CounterRandom(.scene, seed: seed, part.rawValue, index, 1))

    var shadows = SceneShadows(width: width, height: height, camera: camera, sun: sun)
    for thing in plan.things { thing.shade(&shadows) }
    var canvas = SceneCanvas(width: width, height: height, camera: camera, air: air)
    sky.draw(on: &canvas)
    skyline.draw(on: &canvas)
    ground.draw(on: &canvas, layout: layout, shadows: shadows)
    for thing in plan.things { thing.draw(on: &canvas, in: sun) }
    finish.ignoreOutlines(on: &canvas)
    finish.drawBonnet(on: &canvas)

    self.width = width
    self.height = height
    pixels = finish.develop(canvas)
    labels = canvas.labels
  }
}

/// A set of drawn scenes: the scene of an index is the same whenever and wherever it is drawn.
package struct SceneSet: Sendable {
  /// The seed of all scenes.
  package let seed: UInt64
  /// Training or validation.
  package let part: StreetScene.Part
  /// How many scenes the set has.
  package let count: Int
  /// Columns of a scene.
  package let width: Int
  /// Rows of a scene.
  package let height: Int
  /// The classes that the labels of samples tell apart.
  package let told: SceneClasses

  /// A set of `count` scenes of `width` x `height` pixels.
  package init(
    seed: UInt64, part: StreetScene.Part, count: Int, width: Int, height: Int,
    told: SceneClasses = .all
  ) {
    precondition(count >= 0, "SceneSet: count \(count) is negative")
    (self.seed, self.part, self.count) = (seed, part, count)
    (self.width, self.height, self.told) = (width, height, told)
  }

  /// Draws the scene of an index in `0..<count`.
  package func image(_ index: Int) -> StreetScene {
    precondition((0..<count).contains(index), "SceneSet: index \(index) is not in 0..<\(count)")
    return StreetScene(seed: seed, part: part, index: index, width: width, height: height)
  }
}
