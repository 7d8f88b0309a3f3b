import ImageIO
import Testing

/// Pictures for pages, written and read again.
@Suite struct JPEGWriterTests {
  /// Stripes of two colours, three pixels wide: colour at half size would mix them at their edges.
  @Test func edgesOfColourStay() throws {
    let colours: [[UInt8]] = [[220, 40, 40], [40, 40, 220]]
    let image = RGBImage(
      width: 31, height: 17, pixels: (0..<31 * 17).flatMap { colours[$0 % 31 / 3 % 2] })
    let bytes = try JPEGWriter.encode(image, quality: 95)
    #expect(bytes.starts(with: [0xFF, 0xD8]) && bytes.suffix(2) == [0xFF, 0xD9])
    let read = try ImageFile.decodeRGB(bytes, path: "test")
    #expect(read.width == 31 && read.height == 17)
    let errors = zip(read.pixels, image.pixels).map { abs(Int($0) - Int($1)) }
    #expect(errors.max() ?? 255 < 40)
    #expect(try JPEGWriter.encode(image, quality: 20).count < bytes.count)
  }

  /// More than the writer's first piece of memory.
  @Test func largeImagesAreWhole() throws {
    let pixels = (0..<3 * 400 * 300).map { UInt8(truncatingIfNeeded: $0 * $0 >> 4) }
    let image = RGBImage(width: 400, height: 300, pixels: pixels)
    let read = try ImageFile.decodeRGB(try JPEGWriter.encode(image), path: "test")
    #expect(read.width == 400 && read.height == 300)
  }

  @Test func whatIsNoJPEG() {
    for (width, height) in [(0, 4), (4, 0), (70_000, 1)] {
      let image = RGBImage(
        width: width, height: height, pixels: [UInt8](repeating: 0, count: 3 * width * height))
      #expect(throws: ImageError.self) { try JPEGWriter.encode(image) }
    }
  }

  /// Means of two by two pixels, and of those that are left at the edge.
  @Test func reducedImagesAreMeans() {
    let image = RGBImage(
      width: 3, height: 3,
      pixels: [0, 4, 8, 2, 6, 10, 12, 14, 16].flatMap { [UInt8($0), 0, 255] })
    let small = image.reduced(by: 2)
    #expect(small.width == 2 && small.height == 2)
    // Of 0, 4, 2, 6; of 8, 10; of 12, 14; of 16 alone.
    #expect(stride(from: 0, to: 12, by: 3).map { small.pixels[$0] } == [3, 9, 13, 16])
    #expect(stride(from: 2, to: 12, by: 3).allSatisfy { small.pixels[$0] == 255 })
    #expect(image.reduced(by: 1) == image)
  }
}
