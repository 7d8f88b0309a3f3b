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
    #expect(bar.width == 100 && bar.height == 8 + 3 + 9)
    #expect(bar[0, 0] == scale.colour(0.005))
    #expect(bar[99, 7] == scale.colour(0.995))
    // "0", "0.5" and "1" in ink below the bar.
    let dots = "00.51".compactMap { PixelFont.dots($0) }.joined().count { $0 }
    let inked = (0..<100 * 9).count { bar[$0 % 100, 11 + $0 / 100] == .ink }
    #expect(inked == dots)
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
}
