/// Names and colours of classes.
package struct ClassPalette: Sendable {
  /// Lower-case names, in the order of the classes.
  package let names: [String]
  /// One colour for each class.
  package let colours: [PictureColour]
  /// The colour of ignored pixels and of labels beyond the classes.
  package let ignored: PictureColour

  /// A palette of as many names as colours.
  package init(names: [String], colours: [PictureColour], ignored: PictureColour = .black) {
    precondition(
      names.count == colours.count,
      "ClassPalette: \(names.count) names, \(colours.count) colours")
    (self.names, self.colours, self.ignored) = (names, colours, ignored)
  }

  /// The colour of a label.
  package func colour(_ label: UInt8) -> PictureColour {
    Int(label) < colours.count ? colours[Int(label)] : ignored
  }

  /// Labels `[height, width]` as a picture of class colours.
  package func mask(_ labels: [UInt8], width: Int, height: Int) -> Canvas {
    precondition(
      labels.count == width * height,
      "ClassPalette: \(labels.count) labels are not \(width)x\(height)")
    return Canvas(width: width, height: height) { colour(labels[$0]) }
  }

  /// Labels `[height, width]` laid over a photo of the same size; `share` 1 hides the photo.
  package func overlay(_ labels: [UInt8], on photo: Canvas, share: Float = 0.5) -> Canvas {
    photo.blended(
      with: mask(labels, width: photo.width, height: photo.height), share: share)
  }
}

/// Colours for numbers: dark blue for the low end to light yellow for the high end.
///
/// Lightness rises evenly and hue goes from blue to yellow without red against green, so the scale
/// reads the same for colour-blind eyes and in grey print.
package struct ColourScale: Sendable {
  /// The number at the dark end.
  package let low: Float
  /// The number at the light end.
  package let high: Float

  /// A scale from `low` to `high`, which is the larger.
  package init(low: Float = 0, high: Float = 1) {
    precondition(low < high, "ColourScale: \(low) is not below \(high)")
    (self.low, self.high) = (low, high)
  }

  private static let stops: [PictureColour] = [
    PictureColour(38, 18, 78), PictureColour(52, 62, 134), PictureColour(38, 106, 146),
    PictureColour(34, 146, 136), PictureColour(92, 186, 104), PictureColour(176, 216, 74),
    PictureColour(250, 236, 96),
  ]
  private static let notANumber = PictureColour(255, 0, 255)

  /// The colour of a number; beyond the ends the ends' colours, magenta if it is not a number.
  package func colour(_ value: Float) -> PictureColour {
    guard !value.isNaN else { return Self.notANumber }
    let share = max(0, min(1, (value - low) / (high - low)))
    let place = share * Float(Self.stops.count - 1)
    let stop = min(Int(place), Self.stops.count - 2)
    return Self.stops[stop].mixed(with: Self.stops[stop + 1], place - Float(stop))
  }

  /// Numbers `[height, width]` as a picture.
  package func map(_ values: [Float], width: Int, height: Int) -> Canvas {
    precondition(
      values.count == width * height,
      "ColourScale: \(values.count) values are not \(width)x\(height)")
    return Canvas(width: width, height: height) { colour(values[$0]) }
  }

  /// A horizontal bar of the scale with its ends and its middle written below.
  package func bar(width: Int, scale: Int = 1) -> Canvas {
    let thick = 8 * scale
    let text = StrokeFont.height * scale
    var bar = Canvas(width: width, height: thick + 2 * scale + text)
    for column in 0..<width {
      let value = low + (high - low) * (Float(column) + 0.5) / Float(width)
      bar.fill(x: column..<column + 1, y: 0..<thick, colour(value))
    }
    for share: Float in [0, 0.5, 1] {
      let number = Self.text(low + (high - low) * share)
      let wide = Canvas.size(of: number, scale: scale).width
      let tick = min(width - scale, Int(share * Float(width)))
      bar.fill(x: tick..<tick + scale, y: thick..<thick + 2 * scale, .ink)
      bar.write(
        number, x: max(0, min(width - wide, tick - wide / 2)), y: thick + 2 * scale, scale: scale)
    }
    return bar
  }

  /// A number with at most two decimals and none that are zero.
  package static func text(_ value: Float) -> String {
    let hundredths = Int((abs(value) * 100).rounded())
    var text = String(hundredths / 100)
    if hundredths % 100 != 0 {
      let decimals = hundredths % 100
      text += "." + String(decimals / 10)
      if decimals % 10 != 0 { text += String(decimals % 10) }
    }
    return value < 0 && hundredths > 0 ? "-" + text : text
  }
}

extension Canvas {
  /// The picture dimmed, with the pixels of each mask `[height, width]` in its colour; later masks
  /// lie over earlier ones.
  package func marked(_ masks: [(pixels: [Bool], colour: PictureColour)]) -> Canvas {
    for mask in masks {
      precondition(
        mask.pixels.count == width * height,
        "Canvas: mask of \(mask.pixels.count) pixels over \(width)x\(height)")
    }
    return Canvas(width: width, height: height) { index in
      var seen = self[index].mixed(with: .black, 0.6)
      for mask in masks where mask.pixels[index] { seen = mask.colour }
      return seen
    }
  }
}
