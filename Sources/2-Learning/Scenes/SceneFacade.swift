import Randomness

/// A house beside the street: the wall along it, and the end wall that looks at the camera.
struct Facade: SceneThing {
  let depth: Float
  /// The depth where the house ends.
  let end: Float
  /// X of the wall along the street.
  let x: Float
  let tall: Float

  private let wall: SceneColour
  private let glass: SceneColour
  private let frame: SceneColour
  private let shop: SceneColour?
  private let storey: Float
  private let pitch: Float
  private let windowWide: Float
  private let windowTall: Float
  private let roof: Float
  private let roofColour: SceneColour
  private let grain: Float
  private let offset: Float

  init(_ random: inout CounterRandom, x: Float, from depth: Float, to end: Float) {
    (self.x, self.depth, self.end) = (x, depth, end)
    storey = random.float(2.8, 3.7)
    roof = random.chance(0.5) ? random.float(1, 3.5) : 0
    tall = storey * Float(1 + random.integer(below: 6)) + 0.8 + roof
    wall = random.near(random.pick(ScenePaints.shared), spread: 0.2)
    glass = random.near(
      random.pick([rgb(0.16, 0.18, 0.21), rgb(0.30, 0.34, 0.40), rgb(0.55, 0.63, 0.70)]))
    frame = wall.lit(random.float(0.7, 1.4))
    shop = random.chance(0.4) ? random.near(random.pick(ScenePaints.shared)) : nil
    pitch = random.float(1.5, 3.4)
    windowWide = random.float(0.35, 0.7)
    windowTall = random.float(0.4, 0.65)
    roofColour = random.near(random.pick([rgb(0.45, 0.25, 0.2), rgb(0.3, 0.3, 0.32)]))
    grain = random.float(0.05, 0.3)
    offset = random.float(0, 128)
  }

  func shade(_ shadows: inout SceneShadows) {
    guard shadows.sun.strength > 0 else { return }
    let (dx, dz) = (shadows.sun.reach.x * tall, shadows.sun.reach.z * tall)
    let away = x + (x < 0 ? -12 : 12)
    for edge in [x, away] {
      shadows.mark(
        [(edge, depth), (edge, end), (edge + dx, end + dz), (edge + dx, depth + dz)],
        SceneShadows.cast)
    }
    shadows.mark(
      [(x, depth), (away, depth), (away + dx, depth + dz), (x + dx, depth + dz)],
      SceneShadows.cast)
  }

  func draw(on canvas: inout SceneCanvas, in sun: SceneSun) {
    let outward: Float = x < 0 ? -1 : 1
    let side = sun.onSide(-outward)
    canvas.wallAlong(x: x, from: depth, to: end, top: tall, .building) { along, up, blur in
      colour(along, up, blur).lit(side)
    }
    let front = sun.onFront
    canvas.wallAcross(
      z: depth, from: min(x, x + outward * 12), to: max(x, x + outward * 12), top: tall, .building
    ) { along, up, blur in colour(along, up, blur).lit(front) }
  }

  /// The wall's colour at (`along`, `up`) metres.
  @inline(__always)
  private func colour(_ along: Float, _ up: Float, _ blur: Float) -> SceneColour {
    let noise = SceneNoise.shared
    if up > tall - roof {
      return roofColour.lit(0.9 + 0.2 * noise(along * 2, up * 9))
    }
    if let shop, up < storey {
      if up > storey * 0.8 { return shop }
      let pane = along / (pitch * 1.7)
      return pane - wholePart(pane) < 0.82 && up > 0.4
        ? glass.lit(0.7 + 0.8 * noise(along * 3 + offset, up * 3)) : shop.lit(0.8)
    }
    // Windows too narrow to see blend into the wall.
    let clear = max(0, min(1, 2 * (1 - blur / pitch * 2)))
    let (across, high) = (along / pitch, up / storey)
    let (column, row) = (wholePart(across), wholePart(high))
    let dx = abs(across - column - 0.5) * 2
    let dy = abs(high - row - 0.55) * 2
    guard dx < windowWide, dy < windowTall, up < tall - roof - 0.7 else {
      return plain(along, up, blur)
    }
    if dx > windowWide - 0.1 || dy > windowTall - 0.08 {
      return wall.mixed(frame, clear * 0.8)
    }
    let kind = noise(column * 17 + offset, row * 31 + offset)
    let pane =
      kind > 0.72 ? rgb(0.74, 0.72, 0.66) : glass.lit(0.7 + 0.7 * kind + 0.2 * (up / tall))
    return wall.mixed(pane, 0.35 + 0.65 * clear)
  }

  /// The wall between the windows, with its grain and its stains.
  @inline(__always)
  private func plain(_ along: Float, _ up: Float, _ blur: Float) -> SceneColour {
    let noise = SceneNoise.shared
    let fine = max(0, min(1, 1.5 - blur * 2))
    let rough = grain * fine * (noise(along * 7 + offset, up * 16) - 0.5)
    let stain = 0.16 * (noise.smooth(along * 1.1, up * 1.3 + offset) - 0.5)
    return wall.lit(1 + rough + stain)
  }
}
