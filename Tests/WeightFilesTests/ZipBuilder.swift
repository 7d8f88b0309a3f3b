/// A zip file made by hand, good or bad.
struct ZipBuilder {
  struct Entry {
    var name: String
    var bytes: [UInt8]
    var method: UInt16 = 0
    var flags: UInt16 = 0
    var checksum: UInt32?
    var localName: String?
    var byteCount: UInt32?
    var storedCount: UInt32?
    var offset: UInt32?
    var extra: [UInt8] = []
  }

  var entries: [Entry]
  var directoryOffset: UInt32?
  var directoryByteCount: UInt32?

  /// A file with one folder `a`, this pickle, and these storages.
  init(pickle: [UInt8], storages: [String: [UInt8]] = [:]) {
    entries = [Entry(name: "a/data.pkl", bytes: pickle)]
    for (key, bytes) in storages.sorted(by: { $0.key < $1.key }) {
      entries.append(Entry(name: "a/data/" + key, bytes: bytes))
    }
  }

  var bytes: [UInt8] {
    var file: [UInt8] = []
    var directory: [UInt8] = []
    for entry in entries {
      let offset = entry.offset ?? UInt32(file.count)
      let checksum = littleEndian(entry.checksum ?? Self.checksum(entry.bytes))
      let sizes =
        littleEndian(entry.storedCount ?? UInt32(entry.bytes.count))
        + littleEndian(entry.byteCount ?? UInt32(entry.bytes.count))
      let common =
        littleEndian(entry.flags) + littleEndian(entry.method) + [0, 0, 0, 0] + checksum + sizes
      let localName = Array((entry.localName ?? entry.name).utf8)
      file += [0x50, 0x4B, 3, 4, 0, 0] + common + littleEndian(UInt16(localName.count)) + [0, 0]
      file += localName + entry.bytes
      directory += [0x50, 0x4B, 1, 2, 0, 0, 0, 0] + common
      directory += littleEndian(UInt16(entry.name.utf8.count))
      directory += littleEndian(UInt16(entry.extra.count)) + [UInt8](repeating: 0, count: 10)
      directory += littleEndian(offset) + Array(entry.name.utf8) + entry.extra
    }
    let end =
      littleEndian(directoryByteCount ?? UInt32(directory.count))
      + littleEndian(directoryOffset ?? UInt32(file.count))
    return file + directory + [0x50, 0x4B, 5, 6] + [UInt8](repeating: 0, count: 8) + end + [0, 0]
  }

  /// CRC-32, one bit a step.
  static func checksum(_ bytes: [UInt8]) -> UInt32 {
    var crc = UInt32.max
    for byte in bytes {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
    }
    return ~crc
  }
}
