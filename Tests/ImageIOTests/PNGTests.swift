import Foundation
import ImageIO
import TestSupport
import Testing

@Suite struct PNGTests {
  private let photo = RGBImage(
    width: 7, height: 5, pixels: (0..<105).map { UInt8(truncatingIfNeeded: $0 * 37) })
  private let labels = GrayImage(
    width: 7, height: 5, pixels: (0..<35).map { UInt8($0 % 11) })

  @Test func aPanoramaIsReadAndAHugeImageIsWhereTheBoundAllowsIt() throws {
    let panorama = GrayImage(
      width: 9000, height: 100, pixels: [UInt8](repeating: 3, count: 900_000))
    let bytes = try PNGWriter.encode(panorama)
    #expect(try ImageFile.decodeRGB(bytes, path: "x").pixels.count == 2_700_000)
    // 10000 x 10000 pixels by their header; the pixels themselves are not there.
    let header = PNGBuilder(
      width: 10_000, height: 10_000, depth: 8, colourType: PNGBuilder.gray, rows: [[0]]
    ).bytes
    for (mebibytes, isRead) in [(192, false), (286, false), (287, true)] {
      let limits = ImageLimits(mebibytes: mebibytes, remedy: "raise the key")
      do {
        #expect(try ImageFile.header(of: header, path: "x", limits: limits).width == 10_000)
        #expect(isRead)
      } catch {
        #expect(!isRead && error.kind == .tooLarge)
        #expect(error.reason.hasSuffix(" pixels in all; raise the key"), "\(error)")
      }
    }
    #expect(ImageLimits(mebibytes: 192) == .standard)
  }

  @Test func aLinkInThePlaceOfAPictureIsNotFollowed() throws {
    let folder = try TemporaryFolder()
    let victim = try folder.write([1, 2, 3], as: "victim")
    let (path, partial) = (folder.path + "/a.png", folder.path + "/a.png.partial")
    for link in [path, partial] {
      try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: victim)
    }
    try PNGWriter.write(GrayImage(width: 1, height: 1, pixels: [0]), to: path)
    #expect(FileManager.default.contents(atPath: victim) == Data([1, 2, 3]))
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    #expect(attributes[.type] as? FileAttributeType == .typeRegular)
  }

  @Test func photoReturnsAsWritten() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/photo.png"
    try PNGWriter.write(photo, to: path)
    #expect(try ImageFile.readRGB(path) == photo)
    let header = try ImageFile.header(path)
    #expect(header.format == .png && header.width == 7 && header.height == 5)
    #expect(header.channels == 3 && header.depth == 8 && header.canHoldPhoto)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["photo.png"])
  }

  @Test func labelsReturnAsWrittenGrayOrPalette() throws {
    let palette = (0..<256).map { RGBColour(UInt8($0), UInt8(255 - $0), 7) }
    for colours in [[], palette] {
      let bytes = try PNGWriter.encode(labels, palette: colours)
      #expect(try ImageFile.decodeLabels(bytes, path: "x") == labels)
      let header = try ImageFile.header(of: bytes, path: "x")
      #expect(header.hasPalette == !colours.isEmpty && header.canHoldLabels)
      let seen = try ImageFile.decodeRGB(bytes, path: "x")
      let expected = labels.pixels.flatMap { (value: UInt8) -> [UInt8] in
        colours.isEmpty ? [value, value, value] : [value, 255 - value, 7]
      }
      #expect(seen.pixels == expected)
    }
  }

  @Test func label255SurvivesAPaletteOf256() throws {
    var image = labels
    image.pixels[3] = 255
    let palette = [RGBColour](repeating: RGBColour(1, 2, 3), count: 256)
    let bytes = try PNGWriter.encode(image, palette: palette)
    #expect(try ImageFile.decodeLabels(bytes, path: "x") == image)
  }

  @Test func fewBitsUnpackToTheirValues() throws {
    // 10 pixels a row, most significant bits first.
    for (depth, row, values) in [
      (1, [0b1010_0110, 0b0100_0000], [1, 0, 1, 0, 0, 1, 1, 0, 0, 1]),
      (2, [0b0001_1011, 0b1110_0100, 0b0110_0000], [0, 1, 2, 3, 3, 2, 1, 0, 1, 2]),
      (4, [0x01, 0x23, 0x45, 0x67, 0x89], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
    ] as [(UInt8, [UInt8], [UInt8])] {
      for colourType in [PNGBuilder.gray, PNGBuilder.palette] {
        var builder = PNGBuilder(
          width: 10, height: 1, depth: depth, colourType: colourType, rows: [row])
        if colourType == PNGBuilder.palette {
          let count = min(1 << Int(depth), 16)
          builder.extraChunks = [("PLTE", [UInt8](repeating: 9, count: 3 * count))]
        }
        let labels = try ImageFile.decodeLabels(builder.bytes, path: "x")
        #expect(labels.pixels == values, "depth \(depth), colour type \(colourType)")
      }
    }
  }

  @Test func everyKindOfPhotoBecomesRGB() throws {
    func pixels(_ builder: PNGBuilder) throws -> [UInt8] {
      try ImageFile.decodeRGB(builder.bytes, path: "x").pixels
    }
    func builder(_ depth: UInt8, _ type: UInt8, _ row: [UInt8]) -> PNGBuilder {
      PNGBuilder(width: 2, height: 1, depth: depth, colourType: type, rows: [row])
    }
    #expect(try pixels(builder(8, PNGBuilder.gray, [5, 9])) == [5, 5, 5, 9, 9, 9])
    #expect(try pixels(builder(1, PNGBuilder.gray, [0x40])) == [0, 0, 0, 255, 255, 255])
    #expect(try pixels(builder(16, PNGBuilder.gray, [5, 200, 9, 1])) == [5, 5, 5, 9, 9, 9])
    #expect(try pixels(builder(8, PNGBuilder.grayAlpha, [5, 0, 9, 1])) == [5, 5, 5, 9, 9, 9])
    #expect(try pixels(builder(8, PNGBuilder.rgb, [1, 2, 3, 4, 5, 6])) == [1, 2, 3, 4, 5, 6])
    #expect(
      try pixels(builder(8, PNGBuilder.rgba, [1, 2, 3, 0, 4, 5, 6, 9])) == [1, 2, 3, 4, 5, 6])
    #expect(
      try pixels(builder(16, PNGBuilder.rgb, [1, 0, 2, 0, 3, 255, 4, 0, 5, 0, 6, 0]))
        == [1, 2, 3, 4, 5, 6])
    var palette = builder(8, PNGBuilder.palette, [1, 0])
    palette.extraChunks = [("PLTE", [1, 2, 3, 4, 5, 6]), ("tRNS", [0, 128])]
    #expect(try pixels(palette) == [4, 5, 6, 1, 2, 3])
  }

  @Test func interlacedImageHasItsRowsInPlace() throws {
    let rows = (0..<9).map { y in (0..<11).map { x in UInt8(11 * y + x) } }
    let builder = PNGBuilder(
      width: 11, height: 9, depth: 8, colourType: PNGBuilder.gray, isInterlaced: true,
      rows: PNGBuilder.interlacedRows(rows))
    #expect(try ImageFile.decodeLabels(builder.bytes, path: "x").pixels == rows.flatMap { $0 })
  }

  @Test func textAndProfilesAreIgnored() throws {
    var builder = PNGBuilder(
      width: 1, height: 1, depth: 8, colourType: PNGBuilder.gray, rows: [[42]])
    builder.extraChunks = [
      ("tEXt", Array("Comment\0hello".utf8)), ("zTXt", Array("Comment\0\0not zlib".utf8)),
      ("iCCP", Array("p\0\0not zlib".utf8)), ("gAMA", [0, 0, 0x10, 0]),
    ]
    #expect(try ImageFile.decodeLabels(builder.bytes, path: "x").pixels == [42])
    #expect(try ImageFile.decodeRGB(builder.bytes, path: "x").pixels == [42, 42, 42])
  }

  @Test func labelsInEqualChannelsAreTheirChannel() throws {
    for (type, row) in [
      (PNGBuilder.rgb, [7, 7, 7, 255, 255, 255]),
      (PNGBuilder.rgba, [7, 7, 7, 0, 255, 255, 255, 9]),
      (PNGBuilder.grayAlpha, [7, 1, 255, 0]),
    ] as [(UInt8, [UInt8])] {
      let builder = PNGBuilder(width: 2, height: 1, depth: 8, colourType: type, rows: [row])
      #expect(try ImageFile.decodeLabels(builder.bytes, path: "x").pixels == [7, 255])
      #expect(try ImageFile.header(of: builder.bytes, path: "x").canHoldLabels)
    }
  }

  @Test func labelsOfOtherKindsAreRefused() throws {
    for (type, bytesPerPixel) in [(PNGBuilder.rgb, 3), (PNGBuilder.rgba, 4)] {
      for channel in 0..<3 {
        var rows = [[UInt8]](repeating: [UInt8](repeating: 5, count: 2 * bytesPerPixel), count: 3)
        rows[1][bytesPerPixel + channel] = 6
        rows[2][0] = 9
        let builder = PNGBuilder(width: 2, height: 3, depth: 8, colourType: type, rows: rows)
        let error = #expect(throws: ImageError.self) {
          try ImageFile.decodeLabels(builder.bytes, path: "x")
        }
        let colour = (0..<3).map { $0 == channel ? "6" : "5" }.joined(separator: ", ")
        #expect(error?.kind == .unsupported)
        let reason = "labels in colours, \(colour) at row 1, column 1; "
        #expect(error?.reason.hasPrefix(reason) == true)
      }
    }
    for (type, row) in [
      (PNGBuilder.gray, [0, 1]), (PNGBuilder.rgb, [0, 1, 0, 1, 0, 1]),
    ] as [(UInt8, [UInt8])] {
      let builder = PNGBuilder(width: 1, height: 1, depth: 16, colourType: type, rows: [row])
      #expect(kind { try ImageFile.decodeLabels(builder.bytes, path: "x") } == .unsupported)
      #expect(try !ImageFile.header(of: builder.bytes, path: "x").canHoldLabels)
    }
  }
}
