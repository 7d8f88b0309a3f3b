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

  @Test(arguments: [1, 2, 3])
  func writesInsideTheTextsSize(scale: Int) {
    let text = "Kg 0.7 (Q)"
    let size = Canvas.size(of: text, scale: scale)
    #expect(size.height == 15 * scale)
    var canvas = Canvas(width: size.width + 20, height: size.height + 20)
    canvas.write(text, x: 10, y: 10, scale: scale)
    let inked = (0..<canvas.width * canvas.height).filter { canvas[$0] != .white }
    let columns = inked.map { $0 % canvas.width }
    let rows = inked.map { $0 / canvas.width }
    #expect(columns.allSatisfy { $0 >= 10 && $0 < 10 + size.width })
    #expect(rows.allSatisfy { $0 >= 10 && $0 < 10 + size.height })
    // From the first letter to the last, and from the top of the brackets to the tail of the Q.
    #expect((columns.max() ?? 0) > 10 + size.width - 5 * scale)
    #expect((rows.max() ?? 0) - (rows.min() ?? 0) > 9 * scale)
    #expect(canvas[10 + scale + scale / 2, 10 + 5 * scale] == .ink)
  }

  @Test func whatLiesOutsideIsLeftOut() {
    var canvas = Canvas(width: 9, height: 9)
    canvas.write("WWW", x: -7, y: -4)
    #expect((0..<81).contains { canvas[$0] != .white })
    let before = canvas
    canvas.write("WWW", x: 40, y: 40)
    canvas.write("WWW", x: -400, y: 0)
    #expect(canvas == before)
  }

  @Test func theFontHasAllOfASCII() throws {
    var seen: [[[StrokeFont.Point]]] = []
    for code in UInt8(33)...126 {
      let character = Character(Unicode.Scalar(code))
      let glyph = try #require(StrokeFont.glyph(character))
      #expect(character == "?" || glyph != StrokeFont.glyph("?"), "\(character)")
      #expect(!seen.contains(glyph.strokes), "\(character)")
      seen.append(glyph.strokes)
      let points = glyph.strokes.joined()
      #expect(glyph.strokes.allSatisfy { $0.count > 1 } && !points.isEmpty, "\(character)")
      for point in points {
        #expect(point.x > 0 && point.x <= Float(glyph.advance) - 1.5, "\(character)")
        #expect(point.y >= -3 && point.y <= 9.8, "\(character)")
      }
    }
    #expect(StrokeFont.glyph("\u{E9}") == StrokeFont.glyph("?"))
    #expect(StrokeFont.glyph(" ") == nil)
  }
}
