import Files

/// The checksum of zip entries: CRC-32 with the reflected polynomial 0xEDB88320, eight bytes a step.
enum CRC32 {
  static func checksum(_ region: ByteRegion) -> UInt32 {
    region.withUnsafeBytes { bytes in
      tables.withUnsafeBufferPointer { table in
        var crc = UInt32.max
        var index = 0
        while index + 8 <= bytes.count {
          let word = bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self) ^ UInt64(crc)
          crc = 0
          for lane in 0..<8 {
            crc ^= table[(7 - lane) << 8 | Int(truncatingIfNeeded: word >> (8 * lane) & 0xFF)]
          }
          index += 8
        }
        while index < bytes.count {
          crc = crc >> 8 ^ table[Int(crc & 0xFF ^ UInt32(bytes[index]))]
          index += 1
        }
        return ~crc
      }
    }
  }

  /// Table k holds the checksum of a byte followed by k zero bytes.
  private static let tables: [UInt32] = {
    var tables = [UInt32](repeating: 0, count: 8 << 8)
    for byte in 0..<256 {
      tables[byte] = (0..<8).reduce(UInt32(byte)) { crc, _ in
        crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1
      }
    }
    for index in 256..<8 << 8 {
      let before = tables[index - 256]
      tables[index] = before >> 8 ^ tables[Int(before & 0xFF)]
    }
    return tables
  }()
}
