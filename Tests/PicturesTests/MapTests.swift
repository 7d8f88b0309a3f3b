import Pictures
import Testing

private let palette = ClassPalette(
  names: ["road", "car"], colours: [PictureColour(10, 20, 30), PictureColour(40, 50, 60)],
  ignored: PictureColour(1, 2, 3))

@Suite struct MapTests {
  @Test func masksShowClassesAndIgnoredPixels() {
    let mask = palette.mask([0, 1, 255, 2], width: 2, height: 2)
    #expect(
      (0..<4).map { mask[$0] } == [
        palette.colours[0], palette.colours[1], palette.ignored, palette.ignored,
      ])
    let photo = Canvas(width: 2, height: 2, fill: .black)
    #expect(palette.overlay([0, 1, 255, 2], on: photo, share: 1) == mask)
    #expect(palette.overlay([0, 1, 255, 2], on: photo, share: 0) == photo)
  }

  @Test func scaleGetsLighterAllTheWay() {
    let scale = ColourScale(low: -1, high: 3)
    let light = (0...100).map { step -> Float in
      let colour = scale.colour(-1 + Float(step) / 25)
      return 0.2126 * Float(colour.red) + 0.7152 * Float(colour.green) + 0.0722 * Float(colour.blue)
    }
    for (darker, lighter) in zip(light, light.dropFirst()) { #expect(lighter > darker) }
    #expect(scale.colour(-9) == scale.colour(-1))
    #expect(scale.colour(9) == scale.colour(3))
    #expect(scale.colour(.nan) == PictureColour(255, 0, 255))
  }

  @Test func mapsNumbersPixelByPixel() {
    let scale = ColourScale()
    let map = scale.map([0, 0.25, 0.5, 1, 2, 0.1], width: 3, height: 2)
    #expect(map[0, 1] == scale.colour(1))
    #expect(map[1, 0] == scale.colour(0.25))
  }

  @Test(
    arguments: [
      (0, "0"), (1, "1"), (0.5, "0.5"), (0.25, "0.25"), (-1.5, "-1.5"), (0.999, "1"),
      (-0.001, "0"), (12.05, "12.05"),
    ] as [(Float, String)])
  func writesNumbersShort(value: Float, text: String) {
    #expect(ColourScale.text(value) == text)
  }

  @Test func barShowsScaleAndNumbers() {
    let scale = ColourScale()
    let bar = scale.bar(width: 100)
    #expect(bar.width == 100 && bar.height == 8 + 2 + 15)
    #expect(bar[0, 0] == scale.colour(0.005))
    #expect(bar[99, 7] == scale.colour(0.995))
    // "0", "0.5" and "1" below the bar, and nothing between them.
    let inked = (0..<100).filter { x in (10..<25).contains { bar[x, $0] != .white } }
    for place in [0..<12, 35..<65, 88..<100] {
      #expect(inked.contains { place.contains($0) })
    }
    #expect(inked.allSatisfy { $0 < 12 || (35..<65).contains($0) || $0 >= 88 })
  }

  @Test func marksMasksOverADimmedPhoto() {
    let photo = Canvas(width: 3, height: 1, fill: PictureColour(100, 100, 100))
    let red = PictureColour(255, 0, 0)
    let blue = PictureColour(0, 0, 255)
    let marked = photo.marked([([true, true, false], red), ([false, true, false], blue)])
    #expect(marked[0] == red)
    #expect(marked[1] == blue)
    #expect(marked[2] == PictureColour(40, 40, 40))
  }

  /// Class colours over the photo, in full where two classes meet.
  @Test func whatIsSeenHasOutlinesAndALegend() {
    let photo = Canvas(width: 6, height: 1, fill: .black)
    let bare = palette.seen([0, 0, 0, 1, 1, 1], in: photo, hasLegend: false)
    #expect(bare.width == 6 && bare.height == 1)
    let inner = [0, 1].map { PictureColour.black.mixed(with: palette.colours[$0], 0.45) }
    #expect(
      (0..<6).map { bare[$0] } == [
        inner[0], inner[0], palette.colours[0], palette.colours[1], inner[1], inner[1],
      ])
    // A photo of a border at the edge has none there.
    #expect(palette.seen([0, 0, 0, 0, 0, 0], in: photo, hasLegend: false)[5] == inner[0])
    let whole = palette.seen([0, 0, 0, 1, 1, 255], in: photo)
    #expect(whole.width == 200 && whole.height > 15 && whole[0, 0] == inner[0])
    #expect(
      palette.shares([0, 1, 1, 1, 1, 255]).map(\.name) == [
        "car 66.7%", "road 16.7%", "ignored 16.7%",
      ])
    #expect(palette.shares([1, 1]).map(\.colour) == [palette.colours[1]])
  }
}
