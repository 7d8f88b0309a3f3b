import Randomness

/// A car or van, driving along the street or across it.
struct Car: SceneThing {
  /// Metres: the body's box, and the cabin on top of it as shares of the length.
  struct Shape {
    let length: Float
    let wide: Float
    let belt: Float
    let roof: Float
    /// Where the cabin starts and ends at the belt and at the roof, 0 the end next to the camera.
    let cabin: (low: ClosedRange<Float>, high: ClosedRange<Float>)
  }

  let depth: Float
  let shape: Shape
  private let x: Float
  private let paint: SceneColour
  private let glass: SceneColour
  private let lamp: SceneColour
  private let isBroadside: Bool

  init(
    _ random: inout CounterRandom, x: Float, z: Float, isOncoming: Bool, isBroadside: Bool,
    road: SceneColour
  ) {
    (self.x, depth, self.isBroadside) = (x, z, isBroadside)
    let wide = random.float(1.65, 1.9)
    switch random.integer(below: 8) {
    case 0...2:  // Hatchback.
      shape = Shape(
        length: random.float(3.6, 4.2), wide: wide, belt: 0.92, roof: random.float(1.42, 1.55),
        cabin: (0.02...0.72, 0.12...0.52))
    case 3...5:  // Saloon.
      shape = Shape(
        length: random.float(4.3, 4.9), wide: wide, belt: 0.9, roof: random.float(1.38, 1.48),
        cabin: (0.14...0.74, 0.3...0.58))
    case 6:  // Off-road car.
      shape = Shape(
        length: random.float(4.4, 4.9), wide: wide + 0.1, belt: 1.08,
        roof: random.float(1.65, 1.85), cabin: (0.01...0.74, 0.07...0.6))
    default:  // Van.
      shape = Shape(
        length: random.float(4.8, 6), wide: wide + 0.2, belt: 1.2, roof: random.float(1.95, 2.5),
        cabin: (0.005...0.86, 0.02...0.74))
    }
    // Two fifths are painted nearly like the road.
    paint =
      random.chance(0.4)
      ? random.near(road, spread: 0.12) : random.near(random.pick(ScenePaints.shared), spread: 0.2)
    glass = random.near(random.pick([rgb(0.12, 0.13, 0.15), rgb(0.3, 0.35, 0.4)]))
    lamp = isOncoming ? rgb(0.9, 0.9, 0.86) : rgb(0.6, 0.1, 0.09)
  }

  func shade(_ shadows: inout SceneShadows) {
    let (long, wide) = isBroadside ? (shape.wide, shape.length) : (shape.length, shape.wide)
    let half = wide / 2
    shadows.mark(
      [
        (x - half - 0.08, depth - 0.1), (x + half + 0.08, depth - 0.1),
        (x + half + 0.08, depth + long), (x - half - 0.08, depth + long),
      ], SceneShadows.contact)
    guard shadows.sun.strength > 0 else { return }
    for (height, inset) in [(shape.belt, Float(0)), (shape.roof, long * 0.2)] {
      let (dx, dz) = (shadows.sun.reach.x * height, shadows.sun.reach.z * height)
      let box = [
        (x - half, depth + inset), (x + half, depth + inset), (x + half, depth + long - inset),
        (x - half, depth + long - inset),
      ]
      shadows.mark(box.map { ($0.0 + dx, $0.1 + dz) }, SceneShadows.cast)
      let reached = dx < 0 ? x - half : x + half
      shadows.mark(
        [
          (reached, depth + inset), (reached, depth + long - inset),
          (reached + dx, depth + long - inset + dz), (reached + dx, depth + inset + dz),
        ], SceneShadows.cast)
    }
  }

  func draw(on canvas: inout SceneCanvas, in sun: SceneSun) {
    if isBroadside {
      drawFlank(on: &canvas, sun.onFront) { along, up in (x - shape.length / 2 + along, up, depth) }
      return
    }
    let half = shape.wide / 2
    if abs(x) > half {
      let outside = x < 0 ? x + half : x - half
      drawFlank(on: &canvas, sun.onSide(x < 0 ? 1 : -1)) { along, up in
        (outside, up, depth + along)
      }
    }
    drawEnd(on: &canvas, sun)
  }

  private func fill(
    _ canvas: inout SceneCanvas, _ corners: [(x: Float, y: Float, z: Float)],
    _ colour: SceneColour
  ) {
    let camera = canvas.camera
    canvas.fill(
      corners.map { camera.project($0.x, $0.y, max($0.z, SceneCamera.nearest)) }, .car, colour,
      at: depth)
  }

  /// The long side; `place` gives the point of the world for metres along and up.
  private func drawFlank(
    on canvas: inout SceneCanvas, _ light: Float,
    place: (Float, Float) -> (x: Float, y: Float, z: Float)
  ) {
    let (length, belt, roof) = (shape.length, shape.belt, shape.roof)
    let (low, high) = shape.cabin
    func patch(_ points: [(Float, Float)]) -> [(x: Float, y: Float, z: Float)] {
      points.map { place($0.0 * length, $0.1) }
    }
    fill(
      &canvas,
      patch([
        (low.lowerBound, belt), (high.lowerBound, roof), (high.upperBound, roof),
        (low.upperBound, belt),
      ]), paint.lit(light * 1.05))
    let rim: Float = 0.09
    let middle = (low.lowerBound + low.upperBound) / 2
    let windows = [
      (low.lowerBound + 0.06, middle - 0.01), (middle + 0.01, low.upperBound - 0.05),
    ]
    for (from, to) in windows {
      func slanted(_ share: Float) -> Float {
        let part = (share - low.lowerBound) / (low.upperBound - low.lowerBound)
        return high.lowerBound + part * (high.upperBound - high.lowerBound)
      }
      fill(
        &canvas,
        patch([
          (from, belt + 0.02), (slanted(from), roof - rim), (slanted(to), roof - rim),
          (to, belt + 0.02),
        ]), glass.lit(light))
    }
    fill(&canvas, patch([(0, 0.5), (0, belt), (1, belt * 0.93), (1, 0.5)]), paint.lit(light))
    fill(&canvas, patch([(0, 0.22), (0, 0.5), (1, 0.5), (1, 0.22)]), paint.lit(light * 0.78))
    for centre: Float in [0.19, 0.81] {
      wheel(&canvas, centre * length, 0.34, rgb(0.09, 0.09, 0.1), place)
      wheel(&canvas, centre * length, 0.19, rgb(0.45, 0.45, 0.47).lit(light), place)
    }
  }

  private func wheel(
    _ canvas: inout SceneCanvas, _ along: Float, _ radius: Float, _ colour: SceneColour,
    _ place: (Float, Float) -> (x: Float, y: Float, z: Float)
  ) {
    fill(
      &canvas, SceneCircle.points.map { place(along + $0.x * radius, 0.34 + $0.y * radius) },
      colour)
  }

  /// The end that looks at the camera, with bonnet or boot and the window above.
  private func drawEnd(on canvas: inout SceneCanvas, _ sun: SceneSun) {
    let half = shape.wide / 2
    let light = sun.onFront
    let (belt, roof) = (shape.belt, shape.roof)
    let start = depth + shape.cabin.low.lowerBound * shape.length
    let back = depth + shape.cabin.high.lowerBound * shape.length
    func box(
      _ inset: Float, _ low: Float, _ high: Float, _ near: Float, _ far: Float, _ narrow: Float
    ) -> [(x: Float, y: Float, z: Float)] {
      [
        (x - half + inset, low, near), (x + half - inset, low, near),
        (x + half - inset - narrow, high, far), (x - half + inset + narrow, high, far),
      ]
    }
    for side: Float in [-1, 1] {
      let tyre = x + side * (half - 0.14)
      fill(
        &canvas,
        [
          (tyre - 0.11, 0, depth + 0.3), (tyre + 0.11, 0, depth + 0.3),
          (tyre + 0.11, 0.4, depth + 0.3), (tyre - 0.11, 0.4, depth + 0.3),
        ], rgb(0.08, 0.08, 0.09))
    }
    fill(&canvas, box(0, belt, belt, depth, start, 0), paint.lit(1.12))
    fill(&canvas, box(0.04, belt, roof, start, back, 0.12), paint.lit(light * 0.95))
    fill(&canvas, box(0.12, belt + 0.03, roof - 0.08, start, back, 0.1), glass.lit(light))
    fill(&canvas, box(0, 0.22, belt, depth, depth, 0), paint.lit(light * 0.9))
    fill(&canvas, box(0.03, 0.2, 0.45, depth, depth, 0), paint.lit(light * 0.6))
    fill(&canvas, box(half - 0.26, 0.48, 0.6, depth, depth, 0), rgb(0.75, 0.75, 0.7).lit(light))
    for side: Float in [-1, 1] {
      let at = x + side * (half - 0.2)
      fill(
        &canvas,
        [
          (at - 0.16, belt - 0.28, depth), (at + 0.16, belt - 0.28, depth),
          (at + 0.16, belt - 0.12, depth), (at - 0.16, belt - 0.12, depth),
        ], lamp)
    }
  }
}
