import Pictures
import Testing

@Suite struct CanvasTests {
  @Test func enlargesByRepeatingPixels() {
    var small = Canvas(width: 2, height: 1, fill: .black)
    small[1, 0] = PictureColour(9, 8, 7)
    let large = small.enlarged(by: 3)
    #expect(large.width == 6 && large.height == 3)
    for y in 0..<3 {
      for x in 0..<6 { #expect(large[x, y] == small[x / 3, 0]) }
    }
  }

  @Test func pastesAndFillsWithinItsEdges() {
    var canvas = Canvas(width: 4, height: 3)
    canvas.paste(Canvas(width: 3, height: 3, fill: .black), x: 2, y: -1)
    canvas.fill(x: -5..<1, y: 2..<9, .ink)
    for y in 0..<3 {
      for x in 0..<4 {
        let expected: PictureColour =
          x >= 2 && y < 2 ? .black : x == 0 && y == 2 ? .ink : .white
        #expect(canvas[x, y] == expected, "(\(x), \(y))")
      }
    }
  }

  @Test func blendsByShare() {
    let dark = Canvas(width: 1, height: 1, fill: .black)
    let light = Canvas(width: 1, height: 1, fill: PictureColour(200, 100, 50))
    #expect(dark.blended(with: light, share: 0) == dark)
    #expect(dark.blended(with: light, share: 1) == light)
    #expect(dark.blended(with: light, share: 0.5)[0] == PictureColour(100, 50, 25))
  }

  @Test func writesDotsInsideTheTextsSize() {
    let text = "Kg 0.7"
    let size = Canvas.size(of: text, scale: 2)
    #expect(size == (2 * (6 * 6 - 1), 18))
    var canvas = Canvas(width: size.width + 4, height: size.height + 4)
    canvas.write(text, x: 2, y: 2, scale: 2)
    let inked = (0..<canvas.width * canvas.height).filter { canvas[$0] == .ink }
    let dots = text.compactMap { PixelFont.dots($0) }.joined().count { $0 }
    #expect(inked.count == dots * 4)
    #expect(inked.allSatisfy { $0 % canvas.width >= 2 && $0 % canvas.width < canvas.width - 2 })
    #expect(inked.allSatisfy { $0 / canvas.width >= 2 && $0 / canvas.width < canvas.height - 2 })
  }

  @Test func everyLetterHasItsOwnDots() {
    let letters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz" + "0123456789-+=*/%#<>()[].,:!?'_"
    let dots = letters.compactMap { PixelFont.dots($0) }
    #expect(dots.count == letters.count)
    #expect(dots.allSatisfy { $0.count == 45 && $0.contains(true) })
    #expect(Set(dots).count == letters.count)
    #expect(PixelFont.dots("~") == PixelFont.dots("?"))
    #expect(PixelFont.dots(" ") == nil)
  }
}
