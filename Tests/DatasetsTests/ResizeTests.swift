import Datasets
import ImageIO
import Testing

@Suite struct ResizeTests {
  @Test func lengthsRoundHalvesToEven() {
    #expect(Resize.length(45, factor: 0.5) == 22)
    #expect(Resize.length(47, factor: 0.5) == 24)
    #expect(Resize.length(360, factor: 1.4) == 504)
    #expect(Resize.length(5, factor: 1.5) == 8)
    #expect(Resize.length(3, factor: 1.5) == 4)
  }

  @Test func factorOneChangesNothing() {
    let image = noise(width: 7, height: 5)
    #expect(Resize.bilinear(image, factor: 1) == image)
    let labels = noiseLabels(width: 7, height: 5)
    #expect(Resize.nearest(labels, factor: 1) == labels)
  }

  @Test func factorThatRoundingUndoesChangesNothing() {
    let image = noise(width: 3, height: 2)
    let labels = noiseLabels(width: 3, height: 2)
    for factor in [0.9, 1.1] {
      #expect(Resize.bilinear(image, factor: factor) == image)
      #expect(Resize.nearest(labels, factor: factor) == labels)
    }
  }

  @Test func flatImageStaysFlatAtEveryFactor() {
    for value: UInt8 in [0, 1, 127, 254, 255] {
      let image = RGBImage(
        width: 11, height: 9, pixels: [UInt8](repeating: value, count: 297))
      for k in 0...15 {
        let resized = Resize.bilinear(image, factor: 0.5 + Double(k) / 10)
        #expect(resized.pixels.allSatisfy { $0 == value }, "value \(value), k \(k)")
      }
    }
  }

  @Test func halfOfOddSizesAveragesThePixelsThatExist() {
    // 7 wide: four columns, the last from one column; 3 high: two rows, the last from one row.
    let red: [UInt8] = [
      0, 1, 2, 3, 4, 5, 6,
      10, 11, 12, 13, 14, 15, 17,
      20, 21, 22, 23, 24, 26, 28,
    ]
    let image = RGBImage(width: 7, height: 3, pixels: red.flatMap { [$0, 0, 0] })
    let half = Resize.bilinear(image, factor: 0.5)
    #expect(half.width == 4 && half.height == 2)
    let seen = (0..<8).map { half.pixels[3 * $0] }
    // (6 + 17) / 2 = 11.5 and (20 + 21) / 2 = 20.5: halves go to the even neighbour.
    #expect(seen == [6, 8, 10, 12, 20, 22, 25, 28])
  }

  @Test func nearestTakesTheFloor() {
    let tall = GrayImage(width: 5, height: 2, pixels: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    #expect(Resize.nearest(tall, factor: 0.5).pixels == [0, 2])
    #expect(
      Resize.nearest(tall, factor: 1.5).pixels == [
        0, 0, 1, 2, 2, 3, 4, 4, 0, 0, 1, 2, 2, 3, 4, 4, 5, 5, 6, 7, 7, 8, 9, 9,
      ])
  }
}
