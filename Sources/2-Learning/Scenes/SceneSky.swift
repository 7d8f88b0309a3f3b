import Randomness

/// Sky with clouds, and the skyline where the street ends.
struct SceneSky {
  private let top: SceneColour
  private let bottom: SceneColour
  private let cloud: SceneColour
  private let cover: Float
  private let offset: (x: Float, y: Float)

  init(_ random: inout CounterRandom, sun: SceneSun) {
    let blue = rgb(0.36, 0.56, 0.82)
    let grey = rgb(0.66, 0.69, 0.72)
    let overcast = sun.strength == 0
    top = random.near(overcast ? grey : blue, spread: 0.2)
    bottom = random.near(overcast ? rgb(0.80, 0.81, 0.82) : rgb(0.78, 0.86, 0.93), spread: 0.08)
    cloud = random.near(overcast ? rgb(0.72, 0.73, 0.75) : rgb(0.93, 0.93, 0.94), spread: 0.08)
    cover = overcast ? random.float(0.3, 0.5) : random.float(0.45, 0.85)
    offset = (random.float(0, 128), random.float(0, 128))
  }

  /// The colour of the horizon, which far things take.
  var horizon: SceneColour { bottom }

  /// Paints every row above the horizon.
  func draw(on canvas: inout SceneCanvas) {
    let noise = SceneNoise.shared
    let end = canvas.camera.vanishing.y
    let size = Float(canvas.height)
    for row in SceneCanvas.pixels(0, end + 1, of: canvas.height) {
      let y = Float(row) + 0.5
      let rise = max(end - y, 0) / size
      let base = bottom.mixed(top, min(rise * 2.2, 1))
      // Clouds lie in a plane overhead: they shrink towards the horizon.
      let far = 1 / (rise + 0.12)
      for column in 0..<canvas.width {
        let across = (Float(column) + 0.5 - canvas.camera.vanishing.x) / size
        let value = noise.smooth(offset.x + across * far * 9, offset.y + far * 14)
        let share = min(max((value - cover) * 4, 0), 0.9)
        canvas.colours[row * canvas.width + column] = base.mixed(cloud, share)
      }
    }
  }
}

/// What closes the view: blocks of far houses and a line of far trees.
struct SceneSkyline {
  private struct Block {
    let z: Float
    let x0: Float
    let x1: Float
    let height: Float
    let colour: SceneColour
    let ragged: Float
    let label: StreetClass
  }
  private var blocks: [Block] = []

  init(_ random: inout CounterRandom) {
    if random.chance(0.7) {
      let leaves = random.pick(ScenePaints.leaves)
      blocks.append(
        Block(
          z: 320, x0: -600, x1: 600, height: random.float(3, 16), colour: leaves.lit(0.8),
          ragged: random.float(4, 12), label: .vegetation))
    }
    for _ in 0..<(4 + random.integer(below: 9)) {
      let wide = random.float(10, 45)
      let x = random.float(-190, 190)
      blocks.append(
        Block(
          z: random.float(160, 300), x0: x, x1: x + wide, height: random.float(8, 50),
          colour: random.near(random.pick(ScenePaints.shared)), ragged: 0, label: .building))
    }
    blocks.sort { $0.z > $1.z }
  }

  /// Paints the blocks, far ones first.
  func draw(on canvas: inout SceneCanvas) {
    let noise = SceneNoise.shared
    for block in blocks {
      canvas.wallAcross(
        z: block.z, from: block.x0, to: block.x1, top: block.height + block.ragged, block.label
      ) { along, up, _ in
        let texture = noise(along, up)
        if up > block.height + block.ragged * noise.smooth(along * 0.3, 7) {
          return SceneColour(0, 0, 0, -1)
        }
        return block.colour.lit(0.85 + 0.3 * texture)
      }
    }
  }
}
