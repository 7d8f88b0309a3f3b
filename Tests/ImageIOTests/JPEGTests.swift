import ImageIO
import Testing

@Suite struct JPEGTests {
  @Test(arguments: ["rgb.jpg", "progressive.jpg"])
  func photoIsWithinTheLossOfItsQuality(_ name: String) throws {
    let image = try ImageFile.readRGB(Fixtures.path(name))
    #expect(image.width == 24 && image.height == 16)
    var largest = 0
    for y in 0..<16 {
      for x in 0..<24 {
        let expected = [10 * x, 16 * y, 6 * (x + y)]
        for channel in 0..<3 {
          let value = Int(image.pixels[3 * (24 * y + x) + channel])
          largest = max(largest, abs(value - expected[channel]))
        }
      }
    }
    #expect(largest <= 6)
  }

  @Test func grayPhotoBecomesRGB() throws {
    let image = try ImageFile.readRGB(Fixtures.path("gray.jpg"))
    for index in 0..<24 * 16 {
      let pixel = image.pixels[3 * index..<3 * index + 3].map(Int.init)
      #expect(pixel[0] == pixel[1] && pixel[1] == pixel[2])
      #expect(abs(pixel[0] - 10 * (index % 24)) <= 4)
    }
  }

  @Test func headerTellsSizeAndChannels() throws {
    for (name, channels) in [("rgb.jpg", 3), ("gray.jpg", 1), ("cmyk.jpg", 4)] {
      let header = try ImageFile.header(Fixtures.path(name))
      #expect(header.format == .jpeg && header.width == 24 && header.height == 16)
      #expect(header.channels == channels && !header.canHoldLabels)
      #expect(header.canHoldPhoto == (channels != 4))
    }
  }

  @Test func headerBehindALargeThumbnailIsFound() throws {
    // Two APP1 segments of 60 KB between the start of the image and the rest.
    let bytes = try Fixtures.bytes("rgb.jpg")
    let segment = [0xFF, 0xE1, 0xEA, 0x60] + [UInt8](repeating: 0, count: 0xEA60 - 2)
    let folder = try TemporaryFolder()
    let path = try folder.write("large.jpg", bytes[..<2] + segment + segment + bytes[2...])
    #expect(try ImageFile.header(path).width == 24)
    #expect(try ImageFile.readRGB(path) == ImageFile.readRGB(Fixtures.path("rgb.jpg")))
  }

  @Test func otherKindsAreRefused() throws {
    let error = #expect(throws: ImageError.self) {
      try ImageFile.readRGB(Fixtures.path("cmyk.jpg"))
    }
    #expect(error?.kind == .unsupported)
    #expect(
      error?.reason
        == "a JPEG photo of 4 channels (CMYK); expected gray or RGB; convert it to RGB")
    #expect(kind { try ImageFile.readLabels(Fixtures.path("gray.jpg")) } == .unsupported)
  }
}
