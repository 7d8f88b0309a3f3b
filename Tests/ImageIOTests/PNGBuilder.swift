/// Builds PNG files of any kind by hand, uncompressed, so that tests know every byte of them.
struct PNGBuilder {
  var width: Int
  var height: Int
  var depth: UInt8
  var colourType: UInt8
  var isInterlaced = false
  /// Chunks between header and pixels.
  var extraChunks: [(name: String, data: [UInt8])] = []
  /// Chunks behind the pixels.
  var lateChunks: [(name: String, data: [UInt8])] = []
  /// The rows as stored, without filter bytes; of an interlaced image the rows of all passes.
  var rows: [[UInt8]]

  static let gray: UInt8 = 0
  static let rgb: UInt8 = 2
  static let palette: UInt8 = 3
  static let grayAlpha: UInt8 = 4
  static let rgba: UInt8 = 6

  var bytes: [UInt8] {
    var bytes: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
    let header = bigEndian(width) + bigEndian(height)
    bytes += chunk("IHDR", header + [depth, colourType, 0, 0, isInterlaced ? 1 : 0])
    for (name, data) in extraChunks { bytes += chunk(name, data) }
    bytes += chunk("IDAT", stored(rows.flatMap { [0] + $0 }))
    for (name, data) in lateChunks { bytes += chunk(name, data) }
    return bytes + chunk("IEND", [])
  }

  /// The rows of the seven passes of an 8-bit gray image.
  static func interlacedRows(_ pixels: [[UInt8]]) -> [[UInt8]] {
    let passes = [
      (0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2),
      (1, 0, 2, 1),
    ]
    var rows: [[UInt8]] = []
    for (firstRow, firstColumn, rowStep, columnStep) in passes {
      for y in stride(from: firstRow, to: pixels.count, by: rowStep) {
        let row = stride(from: firstColumn, to: pixels[y].count, by: columnStep)
          .map { pixels[y][$0] }
        if !row.isEmpty { rows.append(row) }
      }
    }
    return rows
  }

  private func bigEndian(_ value: Int) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
  }

  private func chunk(_ name: String, _ data: [UInt8]) -> [UInt8] {
    let body = Array(name.utf8) + data
    return bigEndian(data.count) + body + bigEndian(Int(crc(body)))
  }

  /// A zlib stream of one stored block, at most 65535 bytes.
  private func stored(_ data: [UInt8]) -> [UInt8] {
    let low = UInt8(truncatingIfNeeded: data.count)
    let high = UInt8(truncatingIfNeeded: data.count >> 8)
    var (a, b) = (1, 0)
    for byte in data {
      a = (a + Int(byte)) % 65521
      b = (b + a) % 65521
    }
    return [0x78, 0x01, 1, low, high, ~low, ~high] + data + bigEndian(b << 16 | a)
  }

  private func crc(_ data: [UInt8]) -> UInt32 {
    var crc = UInt32.max
    for byte in data {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
    }
    return ~crc
  }
}
