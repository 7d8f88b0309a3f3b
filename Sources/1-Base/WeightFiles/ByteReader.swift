import Files

/// A position in a file's bytes; every step is checked against the bytes left.
struct ByteReader {
  let region: ByteRegion
  let path: String
  /// What is read, for messages: `data.pkl`, `zip directory`.
  let part: String
  private(set) var position: Int

  init(_ region: ByteRegion, path: String, part: String, at position: Int = 0) {
    self.region = region
    self.path = path
    self.part = part
    self.position = position
  }

  /// Bytes that are left.
  var remaining: Int { region.count - position }

  /// The next `count` bytes, without a copy.
  mutating func take(_ count: Int) throws(FileError) -> ByteRegion {
    guard count >= 0, count <= remaining else {
      throw refused(found: "\(remaining) bytes left", expected: "\(count)")
    }
    position += count
    return region[position - count..<position]
  }

  /// A whole number of `T`'s width, little endian.
  mutating func number<T: FixedWidthInteger & BitwiseCopyable>(
    _ type: T.Type
  ) throws(FileError) -> T {
    let start = position
    _ = try take(MemoryLayout<T>.size)
    return region.withUnsafeBytes {
      T(littleEndian: $0.loadUnaligned(fromByteOffset: start, as: T.self))
    }
  }

  /// A number that says how many bytes or elements follow.
  mutating func size<T: FixedWidthInteger & BitwiseCopyable>(
    _ type: T.Type
  ) throws(FileError) -> Int {
    let start = position
    let value = try number(type)
    guard let size = Int(exactly: value), size >= 0 else {
      throw refused(at: start, found: "the size \(value)", expected: "0 to 2^63 - 1")
    }
    return size
  }

  /// The next `count` bytes as UTF-8.
  mutating func text(_ count: Int) throws(FileError) -> String {
    let start = position
    let bytes = try take(count)
    guard let text = bytes.withUnsafeBytes({ String(validating: $0, as: UTF8.self) }) else {
      throw refused(at: start, found: "a text that is not UTF-8", expected: "UTF-8")
    }
    return text
  }

  /// The text up to a line feed, which is skipped.
  mutating func line() throws(FileError) -> String {
    let limit = min(remaining, 256)
    let start = position
    let length = region.withUnsafeBytes {
      $0[start..<start + limit].firstIndex(of: UInt8(ascii: "\n")).map { $0 - start }
    }
    guard let length else {
      throw refused(found: "no line end within \(limit) bytes", expected: "a line")
    }
    let line = try text(length)
    position += 1
    return line
  }

  /// An error at `position`, or where the reader stands.
  func refused(
    at position: Int? = nil, found: String, expected: String,
    advice: String = "use another copy of the file"
  ) -> FileError {
    .refused(
      path, "\(part) byte \(position ?? self.position)", found: found, expected: expected,
      advice: advice)
  }
}
