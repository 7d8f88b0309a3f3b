import Randomness

/// Where the street's parts run, in metres from the camera.
struct StreetLayout {
  /// The kerbs: X of the left and right edge of the road.
  let kerbs: (left: Float, right: Float)
  /// Where the pavements end and plots begin.
  let lines: (left: Float, right: Float)
  /// A street that crosses, as depths.
  let crossing: ClosedRange<Float>?
  /// The depth at which the street ends at houses; large where it runs on.
  let end: Float

  init(_ random: inout CounterRandom) {
    let lane = random.float(2.8, 3.6)
    let right = lane / 2 + (random.chance(0.6) ? random.float(1.8, 2.4) : 0.3)
    let ways = Float(1 + random.integer(below: 2))
    let left = -lane / 2 - lane * ways - (random.chance(0.5) ? 2 : 0.3)
    // Half the scenes drive on the other side.
    kerbs = random.chance(0.5) ? (left, right) : (-right, -left)
    lines = (kerbs.left - random.float(1.6, 4.5), kerbs.right + random.float(1.6, 4.5))
    let start = random.float(10, 45)
    crossing = random.chance(0.4) ? start...(start + random.float(6, 11)) : nil
    end = random.chance(0.35) ? random.float(60, 140) : 150
  }

  /// True if a stretch of depths keeps clear of the crossing street.
  func isClear(_ low: Float, _ high: Float) -> Bool {
    guard let crossing else { return true }
    return high < crossing.lowerBound || low > crossing.upperBound
  }
}

/// Road, marks, pavements and plots.
struct SceneGround {
  /// The road's colour; some cars are painted close to it.
  let road: SceneColour
  private let pavement: SceneColour
  private let kerb: SceneColour
  private let plots: (left: SceneColour, right: SceneColour)
  private let isGreen: (left: Bool, right: Bool)
  private let mark: SceneColour
  private let marks: [(x: Float, dashed: Bool)]
  private let zebra: ClosedRange<Float>?
  private let patches: [(x: ClosedRange<Float>, z: ClosedRange<Float>, light: Float)]
  private let grain: Float
  private let slab: Float

  init(_ random: inout CounterRandom, layout: StreetLayout) {
    road = random.near(rgb(0.40, 0.40, 0.41), spread: 0.3)
    // A third of the pavements look like the road: the kerb is then the only hint.
    pavement = random.near(
      random.chance(0.35)
        ? road.lit(1.08)
        : random.pick([rgb(0.58, 0.56, 0.54), rgb(0.56, 0.42, 0.36), rgb(0.66, 0.63, 0.56)]))
    kerb = pavement.lit(random.float(0.9, 1.3))
    let grass = random.near(rgb(0.36, 0.42, 0.20), spread: 0.2)
    isGreen = (random.chance(0.5), random.chance(0.5))
    plots = (
      isGreen.left ? grass : pavement.lit(0.92), isGreen.right ? grass : pavement.lit(0.92)
    )
    let worn = random.float(0.35, 0.95)
    mark = opaque(road.mixed(rgb(0.9, 0.9, 0.86), worn))
    var lines: [(x: Float, dashed: Bool)] = []
    if random.chance(0.85) {
      let middle = (layout.kerbs.left + layout.kerbs.right) / 2
      lines.append((middle, random.chance(0.7)))
      if layout.kerbs.right - layout.kerbs.left > 10 { lines.append((middle / 3, true)) }
    }
    if random.chance(0.4) {
      lines.append((layout.kerbs.left + 0.35, false))
      lines.append((layout.kerbs.right - 0.35, false))
    }
    marks = lines
    let stripes = layout.crossing?.lowerBound ?? random.float(9, 30)
    zebra = random.chance(0.35) ? (stripes - 4)...(stripes - 1) : nil
    patches = (0..<random.integer(below: 6)).map { _ in
      let x = random.float(layout.kerbs.left, layout.kerbs.right)
      let z = random.float(3, 30)
      return (
        x...(x + random.float(0.5, 3)), z...(z + random.float(1, 8)), random.float(0.75, 1.15)
      )
    }
    grain = random.float(0.08, 0.3)
    slab = random.float(0.5, 1.2)
  }

  /// Paints every row below the horizon.
  func draw(on canvas: inout SceneCanvas, layout: StreetLayout, shadows: SceneShadows) {
    let camera = canvas.camera
    for row in SceneCanvas.pixels(camera.vanishing.y, .infinity, of: canvas.height) {
      // Beyond some kilometres the ground is horizon.
      let z = min(4000, camera.focal * camera.height / (Float(row) + 0.5 - camera.vanishing.y))
      let scale = camera.scale(at: z)
      let share = canvas.air.share(at: z)
      let patches = patches.filter { $0.z.contains(z) }
      for column in 0..<canvas.width {
        let x = (Float(column) + 0.5 - camera.vanishing.x) / scale
        let index = row * canvas.width + column
        let (colour, label) = surface(x, z, scale, layout, patches)
        let light = shadowLight(shadows, index, x, z)
        canvas.paint(index, colour.lit(light).mixed(canvas.air.colour, share), label)
      }
    }
  }

  /// Colour and class of the ground at (`x`, `z`), `scale` pixels a metre.
  @inline(__always)
  private func surface(
    _ x: Float, _ z: Float, _ scale: Float, _ layout: StreetLayout,
    _ patches: [(x: ClosedRange<Float>, z: ClosedRange<Float>, light: Float)]
  ) -> (SceneColour, StreetClass) {
    let noise = SceneNoise.shared
    // Texture fades where it is finer than a pixel.
    let grain = grain * min(1, scale / 40)
    let crosses = layout.crossing?.contains(z) ?? false
    if crosses || (x > layout.kerbs.left && x < layout.kerbs.right) {
      var colour = road.lit(1 + grain * (noise(x * 12, z * 6) - 0.5))
      for patch in patches where patch.x.contains(x) { colour = colour.lit(patch.light) }
      guard !crosses else { return (colour, .road) }
      if let zebra, zebra.contains(z), (x - wholePart(x)) < 0.5 { return (mark, .road) }
      for line in marks {
        let half = max(0.07, 0.5 / scale)
        if abs(x - line.x) < half, !line.dashed || z - wholePart(z / 8) * 8 < 3.5 {
          return (colour.mixed(mark, 0.07 / half), .road)
        }
      }
      return (colour, .road)
    }
    let beyond = max(layout.kerbs.left - x, x - layout.kerbs.right)
    if beyond < 0.18 { return (kerb.lit(1 + grain * (noise(z * 8, 3) - 0.5)), .pavement) }
    if x > layout.lines.left && x < layout.lines.right {
      let joint = min(fraction(x / slab), fraction(z / slab)) < 0.06 ? 1 - grain : 1
      return (pavement.lit(joint * (1 + grain * (noise(x * 10, z * 5 + 40) - 0.5))), .pavement)
    }
    let isLeft = x < 0
    let plot = isLeft ? plots.left : plots.right
    let isGrass = isLeft ? isGreen.left : isGreen.right
    let rough: Float = isGrass ? 0.5 : 0.15
    return (
      plot.lit(1 + rough * (noise(x * 9, z * 4 + 80) - 0.5)), isGrass ? .vegetation : .pavement
    )
  }

  @inline(__always)
  private func shadowLight(
    _ shadows: SceneShadows, _ index: Int, _ x: Float, _ z: Float
  ) -> Float {
    let mask = shadows.mask[index]
    guard mask != 0 else { return 1 }
    var light: Float = 1
    if mask & SceneShadows.cast != 0 {
      light = shadows.sun.inShadow
    } else if mask & SceneShadows.dappled != 0 {
      let hole = SceneNoise.shared(x * 6 + 20, z * 4 + 60)
      light = hole > 0.62 ? 1 : shadows.sun.inShadow
    }
    return mask & SceneShadows.contact != 0 ? light * 0.45 : light
  }

  @inline(__always)
  private func fraction(_ value: Float) -> Float { value - wholePart(value) }
}
