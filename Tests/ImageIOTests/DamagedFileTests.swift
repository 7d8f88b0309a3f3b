import Foundation
import ImageIO
import TestSupport
import Testing

/// The kind of the `ImageError` that `body` throws.
func kind(_ body: () throws -> some Any) -> ImageError.Kind? {
  do {
    _ = try body()
    return nil
  } catch {
    return (error as? ImageError)?.kind
  }
}

/// Damaged and hostile files: each an error of one line that names the file, none a crash.
@Suite struct DamagedFileTests {
  private static func png() throws -> [UInt8] {
    try PNGWriter.encode(
      RGBImage(width: 9, height: 6, pixels: (0..<162).map { UInt8(truncatingIfNeeded: $0 * 91) }))
  }

  @Test func everyTruncatedFileIsAnError() throws {
    // What ends behind all pixels is read: without its last chunk or marker.
    let files = try [(Self.png(), 12)] + Fixtures.jpegs.map { (try Fixtures.bytes($0), 2) }
    for (bytes, endCount) in files {
      for length in 0..<bytes.count - endCount {
        let part = Array(bytes[..<length])
        #expect(
          kind { try ImageFile.decodeRGB(part, path: "x") } == .truncated, "length \(length)")
      }
    }
  }

  @Test func everyChangedByteOfAPNGIsAnErrorOrHarmless() throws {
    let bytes = try Self.png()
    let image = try ImageFile.decodeRGB(bytes, path: "x")
    for index in bytes.indices {
      for mask: UInt8 in [0x01, 0x80, 0xFF] {
        var changed = bytes
        changed[index] ^= mask
        // Every chunk carries a checksum: what is read at all is read right.
        if let read = try? ImageFile.decodeRGB(changed, path: "x") { #expect(read == image) }
      }
    }
  }

  @Test(arguments: Fixtures.jpegs)
  func changedBytesOfAJPEGNeverCrash(_ name: String) throws {
    let bytes = try Fixtures.bytes(name)
    var errorCount = 0
    for index in bytes.indices {
      for mask: UInt8 in [0x01, 0x10, 0x80, 0xFF] {
        var changed = bytes
        changed[index] ^= mask
        do {
          let image = try ImageFile.decodeRGB(
            changed, path: "x", limits: ImageLimits(width: 512, height: 512))
          #expect(image.pixels.count == 3 * image.width * image.height)
        } catch {
          errorCount += 1
          #expect(!error.description.contains("\n"))
        }
      }
    }
    #expect(errorCount > bytes.count / 2)
  }

  @Test func garbageIsAnError() {
    for bytes in [
      Array("hello, world, this is not an image at all".utf8), [UInt8](repeating: 0, count: 100),
      [0x89, 0x50], [0xFF, 0xD8, 0xFF] + [UInt8](repeating: 0xFF, count: 300), Array("GIF89a".utf8),
    ] {
      #expect(kind { try ImageFile.decodeRGB(bytes, path: "x") } != nil)
      #expect(kind { try ImageFile.decodeLabels(bytes, path: "x") } != nil)
    }
    #expect(kind { try ImageFile.decodeRGB([], path: "x") } == .truncated)
  }

  @Test func hugeClaimsAreRefusedBeforeAnythingIsAllocated() throws {
    let sizes = [
      (Int(Int32.max), Int(Int32.max)), (65_536, 1), (1, 65_536), (8192, 8193),
      (100_000, 100_000),
    ]
    for (width, height) in sizes {
      let builder = PNGBuilder(
        width: width, height: height, depth: 8, colourType: PNGBuilder.gray, rows: [[0]])
      #expect(kind { try ImageFile.decodeLabels(builder.bytes, path: "x") } == .tooLarge)
    }
    let limits = ImageLimits(width: 100, height: 100, pixels: 300)
    let rgb = try Fixtures.bytes("rgb.jpg")  // 384 pixels
    #expect(kind { try ImageFile.decodeRGB(rgb, path: "x", limits: limits) } == .tooLarge)
    let wide = ImageLimits(fileBytes: 100)
    #expect(kind { try ImageFile.readRGB(Fixtures.path("rgb.jpg"), limits: wide) } == .tooLarge)
  }

  @Test func pixelsThatEndEarlyAreAnError() {
    let builder = PNGBuilder(
      width: 4, height: 4, depth: 8, colourType: PNGBuilder.gray, rows: [[1, 2, 3, 4]])
    #expect(kind { try ImageFile.decodeLabels(builder.bytes, path: "x") } == .damaged)
    let empty = PNGBuilder(width: 0, height: 4, depth: 8, colourType: PNGBuilder.gray, rows: [])
    #expect(kind { try ImageFile.decodeLabels(empty.bytes, path: "x") } == .damaged)
  }

  @Test func filesThatCannotBeOpenedAreNamed() throws {
    let folder = try TemporaryFolder()
    for (path, kind) in [
      (folder.path + "/missing.png", ImageError.Kind.missing), (folder.path, .file),
    ] {
      let error = #expect(throws: ImageError.self) { try ImageFile.readRGB(path) }
      #expect(error?.kind == kind && error?.path == path)
      #expect(error?.description.hasPrefix("image: \(path): ") == true)
    }
    let fifo = folder.path + "/fifo"
    #expect(mkfifo(fifo, 0o600) == 0)
    #expect(kind { try ImageFile.header(fifo) } == .file)
    #expect(
      kind {
        try PNGWriter.write(
          GrayImage(width: 1, height: 1, pixels: [0]),
          to: folder.path + "/no/folder.png")
      } == .file)
    #expect(
      kind { try PNGWriter.encode(GrayImage(width: 0, height: 0, pixels: [])) } == .unsupported)
  }
}
