import ImageIO
import TestSupport
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
      #expect(header.channels == channels && !header.canHoldLabels && header.canHoldPhoto)
    }
  }

  @Test func headerBehindALargeThumbnailIsFound() throws {
    // Two APP1 segments of 60 KB between the start of the image and the rest.
    let bytes = try Fixtures.bytes("rgb.jpg")
    let segment = [0xFF, 0xE1, 0xEA, 0x60] + [UInt8](repeating: 0, count: 0xEA60 - 2)
    let folder = try TemporaryFolder()
    let path = try folder.write(
      bytes[..<2] + segment + segment + bytes[2...], as: "large.jpg")
    #expect(try ImageFile.header(path).width == 24)
    #expect(try ImageFile.readRGB(path) == ImageFile.readRGB(Fixtures.path("rgb.jpg")))
  }

  /// OpenCV's pixels, to the bit: inks, luminance and colour with black, a scan for each component.
  @Test(arguments: ["cmyk", "ycck", "scans"])
  func rareKindsAreReadAsOpenCVDoes(_ name: String) throws {
    let image = try ImageFile.readRGB(Fixtures.path(name + ".jpg"))
    #expect(try image == ImageFile.readRGB(Fixtures.path(name + ".png")))
  }

  @Test func otherKindsAreRefused() throws {
    // scans.jpg whose frame has two components.
    var bytes = try Fixtures.bytes("scans.jpg")
    let frame = try #require(bytes.indices.first { bytes[$0...].starts(with: [0xff, 0xc0]) })
    bytes[frame + 3] -= 3
    bytes[frame + 9] = 2
    bytes.removeSubrange(frame + 16..<frame + 19)
    #expect(try !ImageFile.header(of: bytes, path: "x").canHoldPhoto)
    let error = #expect(throws: ImageError.self) { try ImageFile.decodeRGB(bytes, path: "x") }
    #expect(error?.kind == .unsupported)
    #expect(
      error?.reason == "a JPEG photo of 2 channels; expected gray, RGB or CMYK; convert it to RGB")
    #expect(kind { try ImageFile.readLabels(Fixtures.path("gray.jpg")) } == .unsupported)
  }

  /// rgb.jpg with an EXIF segment.
  private func photo(orientation: UInt8, littleEndian: Bool, cut: Int = 0) throws -> [UInt8] {
    let tiff = Fixtures.tiff(orientation: orientation, littleEndian: littleEndian)
    let content = Array("Exif\0\0".utf8) + tiff.dropLast(cut)
    let size = content.count + 2
    let bytes = try Fixtures.bytes("rgb.jpg")
    return bytes[..<2] + [0xff, 0xe1, UInt8(size >> 8), UInt8(size & 0xff)] + content + bytes[2...]
  }

  @Test(arguments: 1...8 as ClosedRange<UInt8>, [true, false])
  func photosAreTurnedAsViewersShowThem(_ orientation: UInt8, littleEndian: Bool) throws {
    let plain = try ImageFile.readRGB(Fixtures.path("rgb.jpg"))
    let bytes = try photo(orientation: orientation, littleEndian: littleEndian)
    // Stray bytes before a segment, here behind an empty comment, do not hide it.
    let stray: [UInt8] = [0xff, 0xfe, 0, 2, 0x12, 0xff, 0x00, 0x34]
    for bytes in [bytes, bytes[..<2] + stray + bytes[2...]] {
      let header = try ImageFile.header(of: bytes, path: "x")
      let turned = try ImageFile.decodeRGB(bytes, path: "x")
      #expect(header.orientation == Int(orientation))
      #expect(header.width == (orientation > 4 ? 16 : 24) && header.height == 40 - header.width)
      #expect(turned.width == header.width && turned.height == header.height)
      #expect(
        turned.pixels
          == Fixtures.turned(
            plain.pixels, width: 24, height: 16, channels: 3, orientation: orientation))
      #expect(try ImageFile.decodeRGB(bytes, path: "x", turning: .stored) == plain)
      #expect(try ImageFile.header(of: bytes, path: "x", turning: .stored).orientation == 1)
    }
  }

  @Test func brokenOrientationsAreNone() throws {
    let plain = try ImageFile.readRGB(Fixtures.path("rgb.jpg"))
    // Values that are none, and segments that end anywhere.
    let broken =
      try [0, 9, 255].map { try photo(orientation: $0, littleEndian: true) }
      + (6...38).map { try photo(orientation: 6, littleEndian: $0 % 2 == 0, cut: $0) }
    for bytes in broken { #expect(try ImageFile.decodeRGB(bytes, path: "x") == plain) }
  }
}
