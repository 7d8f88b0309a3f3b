import ImageIO
import TestSupport
import Testing

/// The chunk "eXIf", before the pixels or behind them, as OpenCV 5.0 takes it.
@Suite struct PNGOrientationTests {
  private static let width = 3
  private static let height = 2

  private func photo(early: [UInt8]? = nil, late: [UInt8]? = nil) -> PNGBuilder {
    let rows = (0..<Self.height).map { y in (0..<3 * Self.width).map { UInt8(20 * y + $0) } }
    var builder = PNGBuilder(
      width: Self.width, height: Self.height, depth: 8, colourType: PNGBuilder.rgb, rows: rows)
    if let early { builder.extraChunks = [("eXIf", early)] }
    if let late { builder.lateChunks = [("tEXt", [65, 0, 66]), ("eXIf", late)] }
    return builder
  }

  @Test(arguments: 1...8 as ClosedRange<UInt8>, [true, false])
  func photosAreTurned(_ orientation: UInt8, littleEndian: Bool) throws {
    let folder = try TemporaryFolder()
    let tiff = Fixtures.tiff(orientation: orientation, littleEndian: littleEndian)
    let plain = try ImageFile.decodeRGB(photo().bytes, path: "x")
    let expected = Fixtures.turned(
      plain.pixels, width: Self.width, height: Self.height, channels: 3, orientation: orientation)
    for builder in [photo(early: tiff), photo(late: tiff)] {
      // Also where the first and the last bytes of a large file are looked at.
      for textCount in [0, 5000, 70_000] {
        var builder = builder
        builder.extraChunks.insert(("zTXt", [UInt8](repeating: 1, count: textCount)), at: 0)
        let path = try folder.write(builder.bytes, as: "a.png")
        let header = try ImageFile.header(path)
        #expect(header == (try ImageFile.header(of: builder.bytes, path: path)))
        #expect(header.orientation == Int(orientation))
        #expect(header.width == (orientation > 4 ? Self.height : Self.width))
        let turned = try ImageFile.readRGB(path)
        #expect(turned.pixels == expected && turned.width == header.width)
        #expect(try ImageFile.readRGB(path, turning: .stored) == plain)
        #expect(try ImageFile.header(path, turning: .stored).width == Self.width)
      }
    }
  }

  @Test(arguments: 1...8 as ClosedRange<UInt8>)
  func labelsAreTurnedByTheirOwn(_ orientation: UInt8) throws {
    let tiff = Fixtures.tiff(orientation: orientation, littleEndian: true)
    for (type, channels) in [(PNGBuilder.gray, 1), (PNGBuilder.grayAlpha, 2), (PNGBuilder.rgb, 3)] {
      let rows = (0..<Self.height).map { y in
        (0..<Self.width).flatMap { [UInt8](repeating: UInt8(10 * y + $0), count: channels) }
      }
      var builder = PNGBuilder(
        width: Self.width, height: Self.height, depth: 8, colourType: type, rows: rows)
      let plain = try ImageFile.decodeLabels(builder.bytes, path: "x")
      builder.extraChunks = [("eXIf", tiff)]
      let turned = try ImageFile.decodeLabels(builder.bytes, path: "x")
      #expect(turned.width == (orientation > 4 ? Self.height : Self.width))
      #expect(
        turned.pixels
          == Fixtures.turned(
            plain.pixels, width: Self.width, height: Self.height, channels: 1,
            orientation: orientation))
      #expect(try ImageFile.decodeLabels(builder.bytes, path: "x", turning: .stored) == plain)
    }
  }

  @Test func theFirstCountsAndBrokenOnesAreNone() throws {
    let plain = try ImageFile.decodeRGB(photo().bytes, path: "x")
    func tiff(_ orientation: UInt8) -> [UInt8] {
      Fixtures.tiff(orientation: orientation, littleEndian: false)
    }
    let both = photo(early: tiff(3), late: tiff(6)).bytes
    #expect(try ImageFile.header(of: both, path: "x").orientation == 3)
    // The identifier is JPEG's; values that are none; data that ends early.
    for broken in [Array("Exif\0\0".utf8) + tiff(6), tiff(0), tiff(9), []]
      + (6...38).map({ Array(tiff(6).dropLast($0)) })
    {
      for builder in [photo(early: broken), photo(late: broken)] {
        #expect(try ImageFile.decodeRGB(builder.bytes, path: "x") == plain)
      }
    }
    // A wrong checksum.
    for builder in [photo(early: tiff(6)), photo(late: tiff(6))] {
      var bytes = builder.bytes
      let name = Array("eXIf".utf8)
      let place = try #require(bytes.indices.first { bytes[$0...].starts(with: name) })
      bytes[place + 4 + tiff(6).count] ^= 1
      #expect(try ImageFile.decodeRGB(bytes, path: "x") == plain)
    }
  }
}
