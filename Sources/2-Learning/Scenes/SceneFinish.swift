import Randomness

/// What lens, sensor and labeller do to a drawn scene: blur, light, noise, ignored pixels.
struct SceneFinish {
  private let blur: Float
  private let gain: SceneColour
  private let contrast: Float
  private let noise: Float
  private let noiseKey: CounterRandom
  private let outlineShare: UInt64
  /// The bonnet of the car that carries the camera: share of the height, centre, curvature.
  private let bonnet: (tall: Float, centre: Float, bend: Float)?

  init(_ random: inout CounterRandom, noiseKey: CounterRandom) {
    blur = random.float(0.06, 0.2)
    let light = random.chance(0.2) ? random.float(0.4, 0.65) : random.float(0.75, 1.2)
    let warmth = random.float(-0.12, 0.12)
    gain = SceneColour(
      light * (1 + warmth), light * random.float(0.96, 1.04), light * (1 - warmth), 1)
    contrast = random.float(-0.25, 0.5)
    // Little light, much noise.
    noise = random.float(0.01, 0.035) + max(0, 0.75 - light) * 0.05
    self.noiseKey = noiseKey
    outlineShare = random.chance(0.7) ? UInt64(random.integer(below: 10)) : 0
    bonnet =
      random.chance(0.25)
      ? (random.float(0.04, 0.11), random.float(0.4, 0.6), random.float(0.02, 0.1)) : nil
  }

  /// Covers the bottom of the picture with the bonnet and ignores it.
  func drawBonnet(on canvas: inout SceneCanvas) {
    guard let bonnet else { return }
    let (width, height) = (Float(canvas.width), Float(canvas.height))
    for column in 0..<canvas.width {
      let away = (Float(column) + 0.5) / width - bonnet.centre
      let top = height * (1 - bonnet.tall + bonnet.bend * away * away * 4)
      for row in SceneCanvas.pixels(top, height, of: canvas.height) {
        let shine = (Float(row) + 0.5 - top) / (height * bonnet.tall)
        let grey = 0.32 - 0.2 * shine + 0.1 * away
        let index = row * canvas.width + column
        canvas.colours[index] = rgb(grey, grey, grey * 1.05)
        canvas.labels[index] = StreetClass.ignoreIndex
      }
    }
  }

  /// Ignores some of the pixels where a small thing meets something else.
  func ignoreOutlines(on canvas: inout SceneCanvas) {
    guard outlineShare > 0 else { return }
    let (width, height) = (canvas.width, canvas.height)
    let drawn = canvas.labels
    for outline in canvas.outlines {
      for row in outline.rows where row > 0 && row < height - 1 {
        for column in outline.columns where column > 0 && column < width - 1 {
          let index = row * width + column
          let isInside = drawn[index] == outline.label
          let meets =
            (drawn[index - 1] == outline.label) != isInside
            || (drawn[index + 1] == outline.label) != isInside
            || (drawn[index - width] == outline.label) != isInside
            || (drawn[index + width] == outline.label) != isInside
          if meets, noiseKey.bits(at: index) >> 32 & 31 < outlineShare {
            canvas.labels[index] = StreetClass.ignoreIndex
          }
        }
      }
    }
  }

  /// The image as bytes `[height, width, 3]`.
  func develop(_ canvas: SceneCanvas) -> [UInt8] {
    let (width, height) = (canvas.width, canvas.height)
    let kept = 1 - 2 * blur
    // Three rows, softened sideways: above, here, below.
    var above = softened(canvas, row: 0)
    var here = above
    return [UInt8](unsafeUninitializedCapacity: width * height * 3) { pixels, count in
      for row in 0..<height {
        let below = row + 1 < height ? softened(canvas, row: row + 1) : here
        for column in 0..<width {
          let index = row * width + column
          let soft = here[column] * kept + (above[column] + below[column]) * blur
          let seen = expose(soft, noiseKey.bits(at: index))
          pixels[index * 3] = UInt8(seen.x)
          pixels[index * 3 + 1] = UInt8(seen.y)
          pixels[index * 3 + 2] = UInt8(seen.z)
        }
        (above, here) = (here, below)
      }
      count = width * height * 3
    }
  }

  /// One row, each pixel mixed with its left and right neighbour.
  private func softened(_ canvas: SceneCanvas, row: Int) -> [SceneColour] {
    let start = row * canvas.width
    let last = canvas.width - 1
    let kept = 1 - 2 * blur
    return (0...last).map { column in
      let beside =
        canvas.colours[start + max(column - 1, 0)] + canvas.colours[start + min(column + 1, last)]
      return canvas.colours[start + column] * kept + beside * blur
    }
  }

  /// Light, contrast and noise of one pixel; the result is in 0..<256.
  @inline(__always)
  private func expose(_ colour: SceneColour, _ bits: UInt64) -> SceneColour {
    let light = held(colour * gain, below: 1)
    // A curve through 0, 1/2 and 1: steeper or flatter in the middle.
    let curved = light + light * (1 - light) * (light - 0.5) * (contrast * 2)
    // Two dice of ten bits for each channel.
    let shake = SceneColour(dice(bits), dice(bits >> 20), dice(bits >> 40), 0) * (noise * 2.4)
    return held((curved + shake) * 255 + 0.5, below: 255)
  }

  /// The channels within 0...`limit`.
  @inline(__always)
  private func held(_ colour: SceneColour, below limit: Float) -> SceneColour {
    colour.replacing(with: 0, where: colour .< 0).replacing(with: limit, where: colour .> limit)
  }

  /// The sum of two dice of ten bits, in -1...1: triangular noise.
  @inline(__always)
  private func dice(_ bits: UInt64) -> Float {
    let sum = Int32(truncatingIfNeeded: bits & 1023) + Int32(truncatingIfNeeded: bits >> 10 & 1023)
    return Float(sum - 1023) * (1 / 1023)
  }
}
