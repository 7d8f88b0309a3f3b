import Randomness

/// A tree: trunk and crown, one class.
struct Tree: SceneThing {
  let depth: Float
  private let x: Float
  private let trunk: (tall: Float, wide: Float)
  private let blobs: [(x: Float, y: Float, radius: Float)]
  private let bark: SceneColour
  private let leaves: SceneColour
  private let offset: Float
  private let density: Float

  init(_ random: inout CounterRandom, x: Float, z: Float) {
    (self.x, depth) = (x, z)
    let size = random.float(0.6, 1.3)
    trunk = (random.float(1.8, 3.2) * (0.6 + 0.4 * size), random.float(0.18, 0.45))
    let wide = 1.9 * size
    let (low, high) = (trunk.tall, trunk.tall + 3.8 * size)
    blobs = (0..<9).map { index in
      // The first blob sits on the trunk.
      let share = index == 0 ? 0.4 : random.float(0, 1)
      let room = wide * (1 - abs(share - 0.4))
      return (
        index == 0 ? 0 : random.float(-room, room), low + (high - low) * share,
        random.float(0.8, 1.4) * size
      )
    }
    bark = random.near(rgb(0.30, 0.25, 0.20), spread: 0.3)
    leaves = random.near(random.pick(ScenePaints.leaves), spread: 0.25)
    offset = random.float(0, 128)
    density = random.float(0.5, 0.95)
  }

  func shade(_ shadows: inout SceneShadows) {
    shadows.cast(x: x, z: depth, wide: trunk.wide, tall: trunk.tall)
    guard shadows.sun.strength > 0 else { return }
    for blob in blobs {
      shadows.blot(
        x: x + blob.x + shadows.sun.reach.x * blob.y, z: depth + shadows.sun.reach.z * blob.y,
        blob.radius, blob.radius, SceneShadows.dappled)
    }
  }

  func draw(on canvas: inout SceneCanvas, in sun: SceneSun) {
    let scale = canvas.camera.scale(at: depth)
    let foot = canvas.camera.project(x, 0, depth)
    let fork = canvas.camera.project(x, trunk.tall + 0.8, depth)
    canvas.bar(
      from: foot, to: fork, thickness: trunk.wide * scale, .vegetation, bark.lit(sun.onFront),
      at: depth)
    let noise = SceneNoise.shared
    let lean = sun.strength * (sun.reach.x > 0 ? -0.18 : 0.18)
    // Leaves have a size of their own: a far crown is smoother.
    let grain: Float = min(26, scale * 0.9) / scale
    for blob in blobs {
      let centre = canvas.camera.project(x + blob.x, blob.y, depth)
      let radius = max(blob.radius * scale, 0.8)
      canvas.ellipse(centre, radius, radius, .vegetation, at: depth) { dx, dy in
        let along = (blob.x + dx * blob.radius) * 14 + offset
        let up = (blob.y - dy * blob.radius) * 14 + offset
        let edge = dx * dx + dy * dy + 1.1 * (noise(along, up) - density)
        guard edge < 0.75 else { return SceneColour(0, 0, 0, -1) }
        let leaf = noise(along * 2.1 + 50, up * 2.1)
        let light = 0.55 + 0.7 * leaf * min(1, grain * 2) - 0.28 * dy + lean * dx * 2
        return leaves.lit(light)
      }
    }
  }
}

/// A hedge or a bank of bushes along the street.
struct Hedge: SceneThing {
  let depth: Float
  let end: Float
  private let x: Float
  private let tall: Float
  private let leaves: SceneColour
  private let offset: Float

  init(_ random: inout CounterRandom, x: Float, from depth: Float, to end: Float) {
    (self.x, self.depth, self.end) = (x, depth, end)
    tall = random.float(0.7, 2.6)
    leaves = random.near(random.pick(ScenePaints.leaves), spread: 0.25)
    offset = random.float(0, 128)
  }

  func draw(on canvas: inout SceneCanvas, in sun: SceneSun) {
    let side = sun.onSide(x < 0 ? 1 : -1)
    canvas.wallAlong(x: x, from: depth, to: end, top: tall * 1.3, .vegetation) { along, up, _ in
      leaf(along, up).lit(side)
    }
    let front = sun.onFront
    let outward: Float = x < 0 ? -6 : 6
    canvas.wallAcross(
      z: depth, from: min(x, x + outward), to: max(x, x + outward), top: tall * 1.3, .vegetation
    ) { along, up, _ in leaf(along, up).lit(front) }
  }

  private func leaf(_ along: Float, _ up: Float) -> SceneColour {
    let noise = SceneNoise.shared
    let top = tall * (0.7 + 0.6 * noise.smooth(along * 3 + offset, 11))
    guard up < top else { return SceneColour(0, 0, 0, -1) }
    return leaves.lit(0.5 + 0.35 * up / tall + 0.5 * noise(along * 18 + offset, up * 18))
  }
}
