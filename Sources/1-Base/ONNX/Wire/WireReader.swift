import Files

/// One field of a message: its number, and its value or where its bytes lie.
struct WireField {
  /// The forms of values that are read; protobuf's groups are not.
  enum Form: UInt64 { case varint = 0, eightBytes = 1, bytes = 2, fourBytes = 5 }

  let number: Int
  let form: Form
  /// Where the field begins, in the file.
  let start: Int
  /// A number's bits; 0 for bytes.
  let bits: UInt64
  /// Where bytes lie, in the file; empty for numbers.
  let range: Range<Int>
}

/// A message in protobuf's wire format, read field by field; every length is checked against the bytes
/// of the message.
struct WireReader {
  let region: ByteRegion
  let path: String
  /// What is read, for messages: `graph`, `node`.
  let part: String
  /// Where the message lies in the file.
  let range: Range<Int>
  private(set) var position: Int
  private var seen: UInt64 = 0

  init(_ region: ByteRegion, path: String, part: String, range: Range<Int>) {
    self.region = region
    self.path = path
    self.part = part
    self.range = range
    position = range.lowerBound
  }

  /// The next field; nil at the end of the message.
  mutating func next() throws(FileError) -> WireField? {
    guard position < range.upperBound else { return nil }
    let start = position
    let key = try varint()
    let number = key >> 3
    guard 1..<1 << 29 ~= number else {
      throw refused(at: start, found: "field \(number)", expected: "1 to 2^29 - 1")
    }
    guard let form = WireField.Form(rawValue: key & 7) else {
      throw refused(at: start, found: "wire type \(key & 7)", expected: "0, 1, 2 or 5")
    }
    var (bits, bytes) = (UInt64(0), position..<position)
    switch form {
    case .varint: bits = try varint()
    case .eightBytes: bits = try little(8)
    case .fourBytes: bits = try little(4)
    case .bytes: bytes = try take(try varint())
    }
    return WireField(number: Int(number), form: form, start: start, bits: bits, range: bytes)
  }

  /// Refuses a second field of the same number, 1 to 63, for those that a message has once.
  private mutating func once(_ field: WireField) throws(FileError) {
    let bit = UInt64(1) << UInt64(field.number & 63)
    guard seen & bit == 0 else {
      throw refused(at: field.start, found: "field \(field.number) again", expected: "it once")
    }
    seen |= bit
  }

  /// The one whole number of a field.
  mutating func integer(_ field: WireField) throws(FileError) -> Int {
    try once(field)
    try check(field, .varint)
    return Int(truncatingIfNeeded: field.bits)
  }

  /// The one float of a field.
  mutating func float(_ field: WireField) throws(FileError) -> Float {
    try once(field)
    try check(field, .fourBytes)
    return Float(bitPattern: UInt32(truncatingIfNeeded: field.bits))
  }

  /// The one text of a field.
  mutating func onlyText(_ field: WireField, limit: Int) throws(FileError) -> String {
    try once(field)
    return try text(field, limit: limit)
  }

  /// The one message of a field.
  mutating func onlyMessage(_ field: WireField, _ part: String) throws(FileError) -> WireReader {
    try once(field)
    return try message(field, part)
  }

  /// The bytes of a field that a message has once, without a copy.
  mutating func onlyBytes(_ field: WireField) throws(FileError) -> ByteRegion {
    try once(field)
    try check(field, .bytes)
    return region[field.range]
  }

  /// A text of a field that may stand several times.
  func text(_ field: WireField, limit: Int) throws(FileError) -> String {
    try check(field, .bytes)
    guard field.range.count <= limit else {
      throw refused(
        at: field.start, found: "a text of \(field.range.count) bytes", expected: "at most \(limit)"
      )
    }
    let text = region.withUnsafeBytes { String(validating: $0[field.range], as: UTF8.self) }
    guard let text else {
      throw refused(at: field.start, found: "a text that is not UTF-8", expected: "UTF-8")
    }
    return text
  }

  /// A message of a field that may stand several times.
  func message(_ field: WireField, _ part: String) throws(FileError) -> WireReader {
    try check(field, .bytes)
    return WireReader(region, path: path, part: part, range: field.range)
  }

  /// Calls `body` with each number of a repeated field, packed or one by one: as many bits as `form`
  /// has.
  func numbers(
    _ field: WireField, _ form: WireField.Form, _ body: (UInt64) throws(FileError) -> Void
  ) throws(FileError) {
    guard field.form == .bytes else {
      try check(field, form)
      return try body(field.bits)
    }
    var packed = WireReader(region, path: path, part: part, range: field.range)
    while packed.position < packed.range.upperBound {
      switch form {
      case .varint, .bytes: try body(try packed.varint())
      case .eightBytes: try body(try packed.little(8))
      case .fourBytes: try body(try packed.little(4))
      }
    }
  }

  /// Refuses a field of another form than its number wants.
  func check(_ field: WireField, _ form: WireField.Form) throws(FileError) {
    guard field.form == form else {
      throw refused(
        at: field.start, found: "field \(field.number) of wire type \(field.form.rawValue)",
        expected: "wire type \(form.rawValue)")
    }
  }

  /// An error at `position`, or where the reader stands.
  func refused(at position: Int? = nil, found: String, expected: String) -> FileError {
    .refused(
      path, "\(part) byte \(position ?? self.position)", found: found, expected: expected)
  }

  private mutating func take(_ count: UInt64) throws(FileError) -> Range<Int> {
    let left = range.upperBound - position
    guard count <= UInt64(left) else {
      throw refused(found: "\(left) bytes left", expected: "\(count)")
    }
    defer { position += Int(count) }
    return position..<position + Int(count)
  }

  private mutating func little(_ count: Int) throws(FileError) -> UInt64 {
    let range = try take(UInt64(count))
    return region.withUnsafeBytes { bytes in
      bytes[range].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
  }

  /// Seven bits a byte, the lowest first; the last byte is below 128.
  private mutating func varint() throws(FileError) -> UInt64 {
    let start = position
    let (value, count) = region.withUnsafeBytes { bytes in
      var (value, count) = (UInt64(0), 0)
      for byte in bytes[start..<min(start + 10, range.upperBound)] {
        value |= UInt64(byte & 0x7F) << UInt64(7 * count)
        count += 1
        // The tenth byte holds one bit.
        if byte < 0x80 { return (value, count < 10 || byte < 2 ? count : 0) }
      }
      return (value, 0)
    }
    guard count > 0 else {
      throw refused(
        at: start, found: range.upperBound - start < 10 ? "the end of the \(part)" : "more bits",
        expected: "a number of at most 64 bits")
    }
    position += count
    return value
  }
}
