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
    noise = random.float(0.01, 0.035) + max(0, 0.75 - light) * 0.08
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
    var across = canvas.colours
    let kept = 1 - 2 * blur
    for row in 0..<height {
      let start = row * width
      for column in 0..<width {
        let left = canvas.colours[start + max(column - 1, 0)]
        let right = canvas.colours[start + min(column + 1, width - 1)]
        across[start + column] = canvas.colours[start + column] * kept + (left + right) * blur
      }
    }
    var pixels = [UInt8](repeating: 0, count: width * height * 3)
    for row in 0..<height {
      let above = max(row - 1, 0) * width
      let below = min(row + 1, height - 1) * width
      for column in 0..<width {
        let index = row * width + column
        let soft = across[index] * kept + (across[above + column] + across[below + column]) * blur
        let byte = expose(soft, noiseKey.bits(at: index))
        pixels[index * 3] = byte.x
        pixels[index * 3 + 1] = byte.y
        pixels[index * 3 + 2] = byte.z
      }
    }
    return pixels
  }

  /// Light, contrast, noise and rounding of one pixel.
  @inline(__always)
  private func expose(_ colour: SceneColour, _ bits: UInt64) -> SIMD4<UInt8> {
    let light = (colour * gain).clamped(lowerBound: .zero, upperBound: .one)
    // A curve through 0, 1/2 and 1: steeper or flatter in the middle.
    let curved = light + (light * (SceneColour.one - light) * (light - 0.5)) * contrast * 2
    // Two dice of ten bits for each channel: triangular noise.
    let dice = SIMD4<UInt32>(
      UInt32(truncatingIfNeeded: bits & 1023) + UInt32(truncatingIfNeeded: bits >> 10 & 1023),
      UInt32(truncatingIfNeeded: bits >> 20 & 1023) + UInt32(truncatingIfNeeded: bits >> 30 & 1023),
      UInt32(truncatingIfNeeded: bits >> 40 & 1023) + UInt32(truncatingIfNeeded: bits >> 50 & 1023),
      1023)
    let shake = (SceneColour(dice) - 1023) * (noise * 2.4 / 1023)
    let seen = ((curved + shake) * 255 + 0.5).clamped(
      lowerBound: .zero, upperBound: SceneColour(repeating: 255))
    return SIMD4<UInt8>(truncatingIfNeeded: SIMD4<Int32>(seen))
  }
}
