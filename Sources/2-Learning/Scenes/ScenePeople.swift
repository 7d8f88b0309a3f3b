import Randomness

/// A person on foot, or on a bicycle.
struct Person: SceneThing {
  let depth: Float
  private let x: Float
  private let isRider: Bool
  /// A rider seen from the side.
  private let isBroadside: Bool
  private let tall: Float
  private let broad: Float
  private let stride: Float
  private let shirt: SceneColour
  private let trousers: SceneColour
  private let skin: SceneColour
  private let hair: SceneColour
  private let bag: SceneColour?

  init(_ random: inout CounterRandom, x: Float, z: Float, isRider: Bool) {
    (self.x, depth, self.isRider) = (x, z, isRider)
    isBroadside = random.chance(0.4)
    tall = random.chance(0.12) ? random.float(1.1, 1.4) : random.float(1.6, 1.9)
    broad = random.float(0.24, 0.31)
    stride = random.float(-0.28, 0.28)
    shirt = random.near(random.pick(ScenePaints.shared), spread: 0.3)
    trousers = random.near(
      random.pick([rgb(0.15, 0.16, 0.2), rgb(0.22, 0.27, 0.38), rgb(0.5, 0.46, 0.38), shirt]))
    skin = random.near(random.pick(ScenePaints.skin))
    hair = random.near(
      random.pick([rgb(0.12, 0.1, 0.09), rgb(0.4, 0.28, 0.16), rgb(0.7, 0.7, 0.7)]))
    bag = random.chance(0.3) ? random.near(random.pick(ScenePaints.shared)) : nil
  }

  func shade(_ shadows: inout SceneShadows) {
    shadows.cast(x: x, z: depth, wide: 0.35, tall: tall)
    shadows.blot(x: x, z: depth, 0.3, 0.3, SceneShadows.contact)
  }

  func draw(on canvas: inout SceneCanvas, in sun: SceneSun) {
    let brush = Brush(x: x, depth: depth, light: sun.onFront, label: isRider ? .rider : .person)
    if isRider {
      isBroadside ? drawBroadside(&canvas, brush) : drawRiding(&canvas, brush)
    } else {
      drawWalking(&canvas, brush)
    }
    canvas.noteOutline(x: (x - 0.9)...(x + 0.9), y: 0...(tall + 0.3), at: depth, brush.label)
  }

  private func drawWalking(_ canvas: inout SceneCanvas, _ brush: Brush) {
    let hip = tall * 0.5
    let shoulder = tall * 0.82
    brush.bar(&canvas, (-0.07, hip), (-0.07 - stride, 0), 0.16, trousers.lit(0.9))
    brush.bar(&canvas, (0.07, hip), (0.07 + stride * 0.9, 0), 0.16, trousers)
    let half = tall * broad / 2
    brush.bar(
      &canvas, (-half, shoulder - 0.05), (-half - 0.06 - stride * 0.3, hip), 0.11, shirt.lit(0.85))
    brush.bar(
      &canvas, (half, shoulder - 0.05), (half + 0.06 + stride * 0.3, hip), 0.11, shirt.lit(0.95))
    brush.fill(
      &canvas,
      [
        (-half, shoulder), (half, shoulder), (half * 0.85, hip - 0.06), (-half * 0.85, hip - 0.06),
      ], shirt)
    if let bag {
      brush.fill(
        &canvas, [(0.02, 1), (0.3, 1), (0.3, 0.7), (0.02, 0.7)].map { ($0.0, $0.1 * tall) }, bag)
    }
    drawHead(&canvas, brush, 0, tall)
  }

  private func drawHead(_ canvas: inout SceneCanvas, _ brush: Brush, _ across: Float, _ top: Float)
  {
    brush.ellipse(&canvas, (across, top - 0.1), 0.115, 0.125, hair)
    brush.ellipse(&canvas, (across + 0.02, top - 0.145), 0.09, 0.1, skin)
  }

  /// A rider from behind or ahead.
  private func drawRiding(_ canvas: inout SceneCanvas, _ brush: Brush) {
    let half = tall * broad / 2
    brush.ellipse(&canvas, (0, 0.35), 0.05, 0.35, rgb(0.12, 0.12, 0.13))
    brush.bar(&canvas, (-0.3, 1.02), (0.3, 1.02), 0.05, rgb(0.2, 0.2, 0.22))
    brush.bar(&canvas, (-0.1, 0.95), (-0.13, 0.3 + stride * 0.5), 0.15, trousers)
    brush.bar(&canvas, (0.1, 0.95), (0.13, 0.3 - stride * 0.5), 0.15, trousers.lit(0.9))
    brush.fill(
      &canvas, [(-half, 1.5), (half, 1.5), (half * 0.8, 0.88), (-half * 0.8, 0.88)], shirt)
    brush.bar(&canvas, (-half, 1.45), (-0.3, 1.05), 0.1, shirt.lit(0.85))
    brush.bar(&canvas, (half, 1.45), (0.3, 1.05), 0.1, shirt.lit(0.95))
    drawHead(&canvas, brush, 0, 1.8)
  }

  /// A rider from the side.
  private func drawBroadside(_ canvas: inout SceneCanvas, _ brush: Brush) {
    let tyre = rgb(0.12, 0.12, 0.13)
    let ahead: Float = stride < 0 ? -1 : 1
    for centre: Float in [-0.52, 0.52] {
      brush.ring(&canvas, (centre, 0.34), 0.34, 0.06, tyre)
    }
    let frame = shirt.mixed(tyre, 0.4)
    brush.bar(&canvas, (-0.52, 0.34), (0, 0.36), 0.05, frame)
    brush.bar(&canvas, (0, 0.36), (0.45 * ahead, 0.85), 0.05, frame)
    brush.bar(&canvas, (-0.2 * ahead, 0.9), (0, 0.36), 0.05, frame)
    brush.bar(&canvas, (0.45 * ahead, 0.95), (0.52 * ahead, 0.34), 0.05, frame)
    brush.bar(&canvas, (-0.2 * ahead, 0.95), (0.12 * ahead, 0.62), 0.17, trousers)
    brush.bar(&canvas, (0.12 * ahead, 0.62), (0, 0.2), 0.13, trousers)
    brush.bar(&canvas, (-0.2 * ahead, 0.95), (0.12 * ahead, 1.45), 0.3, shirt)
    brush.bar(&canvas, (0.12 * ahead, 1.4), (0.45 * ahead, 0.98), 0.1, shirt.lit(0.85))
    drawHead(&canvas, brush, 0.2 * ahead, 1.78)
  }
}

/// Draws parts of a small upright figure in metres around its foot.
private struct Brush {
  let x: Float
  let depth: Float
  let light: Float
  let label: StreetClass

  private func point(_ camera: SceneCamera, _ at: (Float, Float)) -> ScenePoint {
    camera.project(x + at.0, at.1, depth)
  }

  func fill(_ canvas: inout SceneCanvas, _ corners: [(Float, Float)], _ colour: SceneColour) {
    let camera = canvas.camera
    canvas.fill(corners.map { point(camera, $0) }, label, colour.lit(light), at: depth)
  }

  func bar(
    _ canvas: inout SceneCanvas, _ from: (Float, Float), _ to: (Float, Float), _ thick: Float,
    _ colour: SceneColour
  ) {
    canvas.bar(
      from: point(canvas.camera, from), to: point(canvas.camera, to),
      thickness: thick * canvas.camera.scale(at: depth), label,
      colour.lit(light), at: depth)
  }

  func ellipse(
    _ canvas: inout SceneCanvas, _ centre: (Float, Float), _ across: Float, _ up: Float,
    _ colour: SceneColour
  ) {
    let scale = canvas.camera.scale(at: depth)
    let seen = colour.lit(light)
    canvas.ellipse(
      point(canvas.camera, centre), max(across * scale, 0.6), max(up * scale, 0.6), label, at: depth
    ) { _, _ in seen }
  }

  func ring(
    _ canvas: inout SceneCanvas, _ centre: (Float, Float), _ radius: Float, _ thick: Float,
    _ colour: SceneColour
  ) {
    let scale = canvas.camera.scale(at: depth)
    let hole = max(0, 1 - max(thick, 0.8 / scale) / radius)
    var seen = colour.lit(light)
    canvas.ellipse(point(canvas.camera, centre), radius * scale, radius * scale, label, at: depth) {
      dx, dy in
      seen.w = dx * dx + dy * dy < hole * hole ? 0.06 : 1
      return seen
    }
  }
}
