import Randomness

/// A fence along the street: planks, bars or wire.
struct Fence: SceneThing {
  /// How a fence is built.
  enum Build: CaseIterable { case planks, bars, wire, rail }

  let depth: Float
  private let end: Float
  private let x: Float
  private let style: FenceStyle

  init(_ style: FenceStyle, x: Float, from depth: Float, to end: Float) {
    (self.style, self.x, self.depth, self.end) = (style, x, depth, end)
  }

  func shade(_ shadows: inout SceneShadows) {
    guard shadows.sun.strength > 0, style.build == .planks else { return }
    let (dx, dz) = (shadows.sun.reach.x * style.tall, shadows.sun.reach.z * style.tall)
    shadows.mark(
      [(x, depth), (x, end), (x + dx, end + dz), (x + dx, depth + dz)], SceneShadows.cast)
  }

  func draw(on canvas: inout SceneCanvas, in sun: SceneSun) {
    let light = sun.onSide(x < 0 ? 1 : -1)
    canvas.wallAlong(x: x, from: depth, to: end, top: style.tall, .fence) { along, up, blur in
      style.colour(along, up, blur).lit(light)
    }
  }
}

/// The look of a fence, shared by the panels of a long one.
struct FenceStyle {
  let build: Fence.Build
  let tall: Float
  private let paint: SceneColour
  private let pitch: Float

  init(_ random: inout CounterRandom) {
    build = random.pick(Fence.Build.allCases)
    tall = random.float(0.8, build == .planks ? 2 : 1.5)
    paint = random.near(
      random.chance(0.3) ? rgb(0.42, 0.33, 0.24) : random.pick(ScenePaints.shared), spread: 0.2)
    pitch = random.float(0.12, 0.3)
  }

  /// The fence's colour at (`along`, `up`); what is seen between the bars keeps its own.
  @inline(__always)
  func colour(_ along: Float, _ up: Float, _ blur: Float) -> SceneColour {
    let noise = SceneNoise.shared
    let share = along / pitch
    let fraction = share - wholePart(share)
    let isRim = up > tall - 0.09 || abs(up - 0.2) < 0.05
    // Bars too thin to tell apart become a veil.
    let clear = max(0, min(1, 2 * (1 - blur / pitch)))
    var colour = paint.lit(0.9 + 0.2 * noise(along * 5, up * 14))
    switch build {
    case .planks:
      if fraction < 0.12 { colour = colour.lit(1 - 0.45 * clear) }
    case .bars:
      let covers: Float = isRim || fraction < 0.28 ? 1 : 0.04
      colour.w = covers * clear + (isRim ? 1 : 0.32) * (1 - clear)
    case .wire:
      colour.w = isRim || fraction < 0.1 ? 0.85 : 0.28
    case .rail:
      let beam = abs(up - tall * 0.75) < 0.16
      let post = along / 2 - wholePart(along / 2) < 0.06
      colour.w = beam || post ? 1 : -1
    }
    return colour
  }
}
