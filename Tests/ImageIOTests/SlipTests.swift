import ImageIO
import Testing

/// Slips of cameras and programs on which no pixel depends: OpenCV reads the same pixels as without.
@Suite struct SlipTests {
  private func read(_ bytes: [UInt8]) throws -> (image: RGBImage, slips: [String]) {
    var slips: [String] = []
    let image = try ImageFile.decodeRGB(bytes, path: "x") { slips.append($0) }
    return (image, slips)
  }

  private func place(of marker: UInt8, in bytes: [UInt8], last: Bool = false) throws -> Int {
    let places = bytes.indices.dropLast().filter { bytes[$0] == 0xff && bytes[$0 + 1] == marker }
    return try #require(last ? places.last : places.first)
  }

  /// So many that the decoder, which reads ahead, does not take all of them unseen.
  private let stray = [UInt8](repeating: 0x12, count: 40)

  /// A file with each slip, and what is told of it.
  private func slipped(_ bytes: [UInt8]) throws -> [(bytes: [UInt8], text: String)] {
    let table = try place(of: 0xdb, in: bytes)
    let end = "the file ends before its last marker, behind all pixels"
    return [
      (bytes.dropLast(2) + stray + [0xff, 0xd9], " extraneous bytes before marker 0xd9"),
      (bytes[..<table] + [0, 0] + bytes[table...], ": 2 extraneous bytes before marker 0xdb"),
      (Array(bytes.dropLast(1)), end), (Array(bytes.dropLast(2)), end),
    ]
  }

  @Test(arguments: Fixtures.jpegs)
  func bytesTooManyOrAnEndTooFew(_ name: String) throws {
    let bytes = try Fixtures.bytes(name)
    let clean = try read(bytes)
    #expect(clean.slips.isEmpty)
    for (bytes, text) in try slipped(bytes) {
      let slip = try read(bytes)
      #expect(slip.image == clean.image)
      #expect(slip.slips.count == 1 && slip.slips[0].hasSuffix(text), "\(slip.slips)")
    }
  }

  /// Start and end of the band and the two bit positions, which only progressive scans have.
  @Test(arguments: ["rgb.jpg", "gray.jpg", "scans.jpg", "ycck.jpg"], 0..<3)
  func numbersBeforeASequentialScan(_ name: String, number: Int) throws {
    var bytes = try Fixtures.bytes(name)
    let clean = try read(bytes)
    let scan = try place(of: 0xda, in: bytes)
    bytes[scan + 5 + 2 * Int(bytes[scan + 4]) + number] = 1
    let slip = try read(bytes)
    #expect(slip.image == clean.image)
    #expect(slip.slips == ["libjpeg: Invalid SOS parameters for sequential JPEG"])
  }

  @Test func severalSlipsAreOneLine() throws {
    let bytes = try slipped(slipped(Fixtures.bytes("rgb.jpg"))[1].bytes)[2].bytes
    let slips = try read(bytes).slips
    #expect(slips == ["libjpeg: Corrupt JPEG data: 2 extraneous bytes before marker 0xdb"])
  }

  @Test func missingAndStrayPixelsStayErrors() throws {
    for name in Fixtures.jpegs {
      let bytes = try Fixtures.bytes(name)
      // The pixels cut, and an end put behind them.
      let scan = try place(of: 0xda, in: bytes, last: true)
      let cut = bytes[..<((scan + bytes.count) / 2)]
      #expect(kind { try ImageFile.decodeRGB(Array(cut), path: "x") } == .truncated)
      #expect(kind { try ImageFile.decodeRGB(cut + [0xff, 0xd9], path: "x") } == .damaged)
    }
    // Bytes between two scans, and a missing one.
    for (name, marker) in [("progressive.jpg", 0xc4), ("scans.jpg", 0xda)] as [(String, UInt8)] {
      let bytes = try Fixtures.bytes(name)
      let place = try place(of: marker, in: bytes, last: true)
      let wider = bytes[..<place] + stray + bytes[place...]
      #expect(kind { try ImageFile.decodeRGB(Array(wider), path: "x") } == .damaged)
      #expect(kind { try ImageFile.decodeRGB(Array(bytes[..<place]), path: "x") } == .truncated)
    }
  }

  @Test func aPNGMayEndBehindItsPixels() throws {
    let builder = PNGBuilder(
      width: 3, height: 2, depth: 8, colourType: PNGBuilder.gray, rows: [[1, 2, 3], [4, 5, 6]])
    let bytes = builder.bytes
    let clean = try ImageFile.decodeLabels(bytes, path: "x")
    for missing in 1...12 {
      var slips: [String] = []
      let labels = try ImageFile.decodeLabels(Array(bytes.dropLast(missing)), path: "x") {
        slips.append($0)
      }
      #expect(labels == clean)
      #expect(slips == ["the file ends before its last chunk, behind all pixels"])
    }
    #expect(kind { try ImageFile.decodeLabels(Array(bytes.dropLast(13)), path: "x") } == .truncated)
  }
}
