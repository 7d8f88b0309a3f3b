/// A message in the wire format of protocol buffers, field by field.
struct ProtocolBuffer {
  private(set) var bytes: [UInt8] = []

  mutating func add(_ field: Int, _ value: Int64) {
    key(field, wireType: 0)
    varint(UInt64(bitPattern: value))
  }

  mutating func add(_ field: Int, _ value: Double) {
    key(field, wireType: 1)
    little(value.bitPattern)
  }

  mutating func add(_ field: Int, _ value: Float) {
    key(field, wireType: 5)
    little(value.bitPattern)
  }

  mutating func add(_ field: Int, _ value: String) { add(field, Array(value.utf8)) }

  mutating func add(_ field: Int, _ message: ProtocolBuffer) { add(field, message.bytes) }

  mutating func add(_ field: Int, _ value: [UInt8]) {
    key(field, wireType: 2)
    varint(UInt64(value.count))
    bytes += value
  }

  /// A packed repeated field.
  mutating func add(_ field: Int, _ values: [Double]) {
    var packed = ProtocolBuffer()
    for value in values { packed.little(value.bitPattern) }
    add(field, packed.bytes)
  }

  private mutating func key(_ field: Int, wireType: UInt64) {
    varint(UInt64(field) << 3 | wireType)
  }

  private mutating func varint(_ value: UInt64) {
    var rest = value
    while rest > 0x7F {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  private mutating func little(_ value: some FixedWidthInteger) {
    withUnsafeBytes(of: value.littleEndian) { bytes += $0 }
  }
}
