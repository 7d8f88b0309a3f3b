import Randomness

/// A post of a lamp, a sign or a traffic light.
struct Pole: SceneThing {
  /// What a post carries.
  enum Load: CaseIterable { case nothing, lamp, disc, triangle, board, back, signal }

  let depth: Float
  private let x: Float
  private let tall: Float
  private let wide: Float
  private let paint: SceneColour
  private let load: Load
  private let face: SceneColour
  private let inner: SceneColour
  private let size: Float
  private let arm: Float

  init(_ random: inout CounterRandom, x: Float, z: Float) {
    (self.x, depth) = (x, z)
    load = random.pick(Load.allCases)
    let isHigh = load == .lamp || load == .nothing
    tall = isHigh ? random.float(5, 8.5) : random.float(2.4, 3.6)
    wide = isHigh ? random.float(0.14, 0.28) : random.float(0.09, 0.18)
    paint = random.near(
      random.chance(0.5) ? rgb(0.45, 0.46, 0.47) : random.pick(ScenePaints.shared))
    let red = rgb(0.75, 0.14, 0.13)
    let blue = rgb(0.13, 0.28, 0.62)
    let white = rgb(0.90, 0.90, 0.88)
    switch load {
    case .disc: (face, inner) = random.pick([(red, white), (blue, white), (red, blue)])
    case .triangle: (face, inner) = random.pick([(red, white), (rgb(0.85, 0.7, 0.1), white)])
    case .board:
      (face, inner) = random.pick([
        (blue, white), (white, rgb(0.2, 0.2, 0.2)), (rgb(0.1, 0.42, 0.26), white),
        (rgb(0.88, 0.72, 0.12), rgb(0.15, 0.15, 0.15)),
      ])
    case .signal: (face, inner) = (rgb(0.10, 0.11, 0.10), random.pick([red, rgb(0.2, 0.8, 0.4)]))
    case .back, .nothing, .lamp: (face, inner) = (rgb(0.52, 0.53, 0.54), rgb(0.5, 0.5, 0.5))
    }
    size = random.float(0.34, 0.55)
    arm = -random.float(1, 2.4) * (x < 0 ? -1 : 1)
  }

  func shade(_ shadows: inout SceneShadows) {
    shadows.cast(x: x, z: depth, wide: wide, tall: tall)
  }

  func draw(on canvas: inout SceneCanvas, in sun: SceneSun) {
    let scale = canvas.camera.scale(at: depth)
    let foot = canvas.camera.project(x, 0, depth)
    let top = canvas.camera.project(x, tall, depth)
    let light = sun.onFront
    canvas.bar(
      from: foot, to: top, thickness: wide * scale, .pole, paint.lit(light), at: depth)
    if scale * wide > 3 {
      // Round posts are darker on one side.
      let shift = wide * 0.25 * (sun.reach.x > 0 ? 1 : -1)
      canvas.bar(
        from: canvas.camera.project(x + shift, 0, depth),
        to: canvas.camera.project(x + shift, tall, depth), thickness: wide * scale * 0.5, .pole,
        paint.lit(light * 0.75), at: depth)
    }
    switch load {
    case .nothing: return
    case .lamp:
      let tip = canvas.camera.project(x + arm, tall + 0.25, depth)
      canvas.bar(
        from: top, to: tip, thickness: wide * 0.7 * scale, .pole, paint.lit(light), at: depth)
    case .disc, .triangle, .board, .back, .signal:
      drawHead(on: &canvas, light)
      canvas.noteOutline(
        x: (x - size * 1.2)...(x + size * 1.2), y: (tall - size * 2.4)...(tall + size), at: depth,
        .sign)
    }
  }

  private func drawHead(on canvas: inout SceneCanvas, _ light: Float) {
    let camera = canvas.camera
    let radius = size * camera.scale(at: depth)
    func corners(_ points: [(x: Float, y: Float)], _ share: Float) -> [ScenePoint] {
      points.map {
        camera.project(x + $0.x * size * share, tall - size * 0.3 + $0.y * size * share, depth)
      }
    }
    let outer = face.lit(light)
    let inside = inner.lit(light)
    switch load {
    case .triangle:
      let points: [(x: Float, y: Float)] = [(-1, -0.8), (1, -0.8), (0, 0.95)]
      canvas.fill(corners(points, 1), .sign, outer, at: depth)
      canvas.fill(corners(points, 0.6), .sign, inside, at: depth)
    case .board:
      let points: [(x: Float, y: Float)] = [(-1.3, -0.8), (1.3, -0.8), (1.3, 0.8), (-1.3, 0.8)]
      canvas.fill(corners(points, 1), .sign, outer, at: depth)
      let line: [(x: Float, y: Float)] = [(-1, -0.2), (1, -0.2), (1, 0.2), (-1, 0.2)]
      canvas.fill(corners(line, 0.9), .sign, inside, at: depth)
    case .signal:
      let points: [(x: Float, y: Float)] = [(-0.42, -1.5), (0.42, -1.5), (0.42, 1), (-0.42, 1)]
      canvas.fill(corners(points, 1), .sign, outer, at: depth)
      let lamp = camera.project(x, tall + size * 0.15, depth)
      canvas.ellipse(lamp, radius * 0.28, radius * 0.28, .sign, at: depth) { _, _ in inner }
    default:
      canvas.fill(corners(SceneCircle.points, 1), .sign, outer, at: depth)
      if load == .disc { canvas.fill(corners(SceneCircle.points, 0.68), .sign, inside, at: depth) }
    }
  }
}
