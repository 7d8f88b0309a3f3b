import Files

/// A strict scanner of the JSON that a safetensors header is made of.
///
/// The caller asks for what the header's grammar allows next, so nothing nests deeper than that
/// grammar; a number is a whole number without sign, fraction and exponent.
struct JSONScanner {
  private let text: [UInt8]
  private(set) var position = 0
  private let path: String
  /// Where in the file `text` starts, for messages.
  private let offset: Int

  init(_ text: [UInt8], path: String, offset: Int) {
    self.text = text
    self.path = path
    self.offset = offset
  }

  /// `{` members `}`, calling `member` after each key and colon; a key may stand once.
  mutating func object(
    _ member: (inout JSONScanner, String) throws(FileError) -> Void
  ) throws(FileError) {
    try expect("{")
    if accept("}") { return }
    var keys: Set<String> = []
    repeat {
      skipSpace()
      let start = position
      let key = try string().value
      guard keys.insert(key).inserted else {
        throw refused(at: start, found: "the key \(quoted(key)) again", expected: "it once")
      }
      try expect(":")
      try member(&self, key)
    } while accept(",")
    try expect("}")
  }

  /// `[` whole numbers `]`.
  mutating func wholeNumbers() throws(FileError) -> [Int] {
    try expect("[")
    if accept("]") { return [] }
    var numbers: [Int] = []
    repeat { numbers.append(try wholeNumber()) } while accept(",")
    try expect("]")
    return numbers
  }

  /// A string, and where its raw text stands between the quotes.
  mutating func string() throws(FileError) -> (value: String, raw: Range<Int>) {
    try expect("\"")
    let start = position
    var bytes: [UInt8] = []
    while true {
      guard let byte = current, byte >= 0x20 else {
        throw unexpected("a character of a string or its closing quote")
      }
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let value = String(validating: bytes, as: UTF8.self) else {
          throw refused(at: start, found: "a string that is not UTF-8", expected: "UTF-8")
        }
        return (value, start..<position - 1)
      case UInt8(ascii: "\\"): try bytes.append(contentsOf: Array(String(escape()).utf8))
      default: bytes.append(byte)
      }
    }
  }

  /// Nothing but white space up to the end.
  mutating func end() throws(FileError) {
    skipSpace()
    guard current == nil else { throw unexpected("the end of the header") }
  }

  private var current: UInt8? { position < text.count ? text[position] : nil }

  private mutating func skipSpace() {
    while let byte = current, [0x20, 0x09, 0x0A, 0x0D].contains(byte) { position += 1 }
  }

  private mutating func accept(_ character: Unicode.Scalar) -> Bool {
    skipSpace()
    guard current == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func expect(_ character: Unicode.Scalar) throws(FileError) {
    guard accept(character) else { throw unexpected(quoted(String(Character(character)))) }
  }

  private mutating func wholeNumber() throws(FileError) -> Int {
    skipSpace()
    let start = position
    var value = 0
    while let byte = current, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
      let (product, tooLarge) = value.multipliedReportingOverflow(by: 10)
      let (sum, overflow) = product.addingReportingOverflow(Int(byte - UInt8(ascii: "0")))
      guard !tooLarge, !overflow else {
        throw refused(at: start, found: "a number of 2^63 or more", expected: "a smaller one")
      }
      value = sum
      position += 1
    }
    guard position > start else { throw unexpected("a whole number") }
    guard position == start + 1 || text[start] != UInt8(ascii: "0") else {
      throw refused(at: start, found: "a leading zero", expected: "none")
    }
    return value
  }

  /// What stands after a backslash.
  private mutating func escape() throws(FileError) -> Unicode.Scalar {
    guard let byte = current else { throw unexpected("an escape") }
    let plain: [UInt8: Unicode.Scalar] = [
      UInt8(ascii: "\""): "\"", UInt8(ascii: "\\"): "\\", UInt8(ascii: "/"): "/",
      UInt8(ascii: "b"): "\u{8}", UInt8(ascii: "f"): "\u{C}", UInt8(ascii: "n"): "\n",
      UInt8(ascii: "r"): "\r", UInt8(ascii: "t"): "\t",
    ]
    if let scalar = plain[byte] {
      position += 1
      return scalar
    }
    guard byte == UInt8(ascii: "u") else { throw unexpected("an escape") }
    let start = position - 1
    position += 1
    var code = try hexadecimal()
    if 0xD800..<0xDC00 ~= code, text[position...].starts(with: Array("\\u".utf8)) {
      position += 2
      let low = try hexadecimal()
      if 0xDC00..<0xE000 ~= low { code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00) }
    }
    guard let scalar = Unicode.Scalar(code) else {
      throw refused(at: start, found: "half of a surrogate pair", expected: "both halves")
    }
    return scalar
  }

  private mutating func hexadecimal() throws(FileError) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = current, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw unexpected("four hexadecimal digits")
      }
      value = value << 4 | UInt32(digit)
      position += 1
    }
    return value
  }

  private func unexpected(_ expected: String) -> FileError {
    guard let byte = current else {
      return refused(at: position, found: "the end of the header", expected: expected)
    }
    let isPlain = (0x20..<0x7F).contains(byte)
    let found =
      isPlain ? quoted(String(Character(Unicode.Scalar(byte)))) : "byte 0x" + hexadecimal(byte)
    return refused(at: position, found: found, expected: expected)
  }

  private func hexadecimal(_ byte: UInt8) -> String {
    (byte < 16 ? "0" : "") + String(byte, radix: 16)
  }

  private func refused(at index: Int, found: String, expected: String) -> FileError {
    .refused(path, "byte \(offset + index)", found: found, expected: expected)
  }
}
