import TestSupport
import Testing
import WeightFiles

/// A header that must be refused, the bytes of data after it, and what the message must say.
struct BadHeader: Sendable, CustomTestStringConvertible {
  let header: String
  let dataByteCount: Int
  let message: String
  var testDescription: String { String(header.prefix(60)) }

  init(_ header: String, _ dataByteCount: Int, _ message: String) {
    self.header = header
    self.dataByteCount = dataByteCount
    self.message = message
  }

  /// One tensor `a` with these fields and the data that a good one needs.
  static func tensor(_ fields: String, _ message: String) -> BadHeader {
    BadHeader("{\"a\":{\(fields)}}", 4, "tensor 'a': " + message)
  }

  /// One good tensor, named with the raw JSON text `name`.
  static func named(_ name: String, _ message: String) -> BadHeader {
    BadHeader(
      "{\"\(name)\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4, message)
  }

  /// Tensors of bytes at these offsets over `count` bytes of data.
  static func layout(_ ranges: [Range<Int>], _ count: Int, _ message: String) -> BadHeader {
    let tensors = ranges.enumerated().map {
      "\"t\($0)\":{\"dtype\":\"U8\",\"shape\":[\($1.count)],"
        + "\"data_offsets\":[\($1.lowerBound),\($1.upperBound)]}"
    }
    return BadHeader("{" + tensors.joined(separator: ",") + "}", count, message)
  }
}

private let good = #""dtype":"F32","shape":[1],"data_offsets":[0,4]"#

private let syntax: [BadHeader] = [
  BadHeader("", 0, "byte 8: found the end of the header; expected '{'"),
  BadHeader("[]", 0, "byte 8: found '['; expected '{'"),
  BadHeader("null", 0, "byte 8: found 'n'; expected '{'"),
  BadHeader("\u{FEFF}{}", 0, "byte 8: found byte 0xef; expected '{'"),
  BadHeader("{", 0, "byte 9: found the end of the header; expected '\"'"),
  BadHeader("{}x", 0, "byte 10: found 'x'; expected the end of the header"),
  BadHeader("{}\0", 0, "byte 10: found byte 0x00; expected the end of the header"),
  BadHeader("{}{}", 0, "byte 10: found '{'; expected the end"),
  BadHeader("{,}", 0, "byte 9: found ','"),
  BadHeader("{a:1}", 0, "byte 9: found 'a'"),
  BadHeader("{'a':1}", 0, "byte 9: found '''"),
  BadHeader(#"{"a"}"#, 0, "byte 12: found '}'; expected ':'"),
  BadHeader(#"{"a":}"#, 0, "byte 13: found '}'; expected '{'"),
  BadHeader(#"{"a":null}"#, 0, "byte 13: found 'n'; expected '{'"),
  BadHeader(#"{"a":1}"#, 0, "byte 13: found '1'; expected '{'"),
  BadHeader(#"{"a":"F32"}"#, 0, "expected '{'"),
  BadHeader(#"{"a":[]}"#, 0, "expected '{'"),
  BadHeader("{\"a\":{\(good)}", 4, "expected '}'"),
  BadHeader("{\"a\":{\(good)},}", 4, "found '}'"),
  BadHeader("{\"a\":{\(good),}}", 4, "found '}'"),
  BadHeader("{\"a\":{\(good)}} // end", 4, "found '/'; expected the end"),
  BadHeader("/**/{}", 0, "found '/'; expected '{'"),
  BadHeader(#"{"a":{"dtype":{"x":{"y":{}}}}}"#, 0, "found '{'"),
  BadHeader(
    String(repeating: #"{"a":"#, count: 100_000), 0, "tensor 'a': found the key 'a'"),
  BadHeader(String(repeating: "[", count: 1_000_000), 0, "byte 8: found '['"),
  BadHeader("{\"a\":{\(good)},\"a\":{\(good)}}", 4, "found the key 'a' again; expected it once"),
  BadHeader("{\"a\":{\(good)},\"\\u0061\":{\(good)}}", 4, "found the key 'a' again"),
  BadHeader("{\"\u{E9}\":{\(good)},\"e\u{301}\":{\(good)}}", 4, "again; expected it once"),
]

private let strings: [BadHeader] = [
  .named("a\\", "byte"),
  .named("\\x", "expected an escape"),
  .named("\\u12", "expected four hexadecimal digits"),
  .named("\\uD800", "half of a surrogate pair"),
  .named("\\uDC00", "half of a surrogate pair"),
  .named("\\uD800\\u0041", "half of a surrogate pair"),
  .named("a\nb", "found byte 0x0a; expected a character of a string"),
  .named("a\0b", "found byte 0x00; expected a character of a string"),
  BadHeader(#"{"a"#, 0, "expected a character of a string or its closing quote"),
]

private let fields: [BadHeader] = [
  .tensor("", "found a key missing; expected dtype, shape, data_offsets"),
  .tensor(#""dtype":"F32","shape":[1]"#, "found a key missing"),
  .tensor(#""dtype":"F32","data_offsets":[0,4]"#, "found a key missing"),
  .tensor(#""shape":[1],"data_offsets":[0,4]"#, "found a key missing"),
  .tensor(good + #","extra":"x""#, "found the key 'extra'"),
  .tensor(good + #","DTYPE":"F32""#, "found the key 'DTYPE'"),
  BadHeader("{\"a\":{\(good),\"dtype\":\"F32\"}}", 4, "found the key 'dtype' again"),
  BadHeader(#"{"a":{"dtype":1,"shape":[1],"data_offsets":[0,4]}}"#, 4, "found '1'"),
  .tensor(#""dtype":"F33","shape":[1],"data_offsets":[0,4]"#, "found dtype 'F33'; expected one of"),
  .tensor(#""dtype":"f32","shape":[1],"data_offsets":[0,4]"#, "found dtype 'f32'"),
  .tensor(#""dtype":"","shape":[1],"data_offsets":[0,4]"#, "found dtype ''"),
  .tensor(#""dtype":"F8_E4M3","shape":[4],"data_offsets":[0,4]"#, "found dtype 'F8_E4M3'"),
  .tensor(#""dtype":"F32\nrm","shape":[1],"data_offsets":[0,4]"#, "found dtype 'F32\\u{a}rm'"),
]

private let numbers: [BadHeader] = [
  BadHeader(#"{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#, 4, "found '-'"),
  BadHeader(#"{"a":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}}"#, 4, "found '.'"),
  BadHeader(#"{"a":{"dtype":"F32","shape":[1e0],"data_offsets":[0,4]}}"#, 4, "found 'e'"),
  BadHeader(#"{"a":{"dtype":"F32","shape":[01],"data_offsets":[0,4]}}"#, 4, "found a leading zero"),
  BadHeader(#"{"a":{"dtype":"F32","shape":["1"],"data_offsets":[0,4]}}"#, 4, "a whole number"),
  BadHeader(#"{"a":{"dtype":"F32","shape":[1,],"data_offsets":[0,4]}}"#, 4, "a whole number"),
  BadHeader(#"{"a":{"dtype":"F32","shape":[[1]],"data_offsets":[0,4]}}"#, 4, "a whole number"),
  BadHeader(#"{"a":{"dtype":"F32","shape":1,"data_offsets":[0,4]}}"#, 4, "expected '['"),
  BadHeader(#"{"a":{"dtype":"F32","shape":null,"data_offsets":[0,4]}}"#, 4, "expected '['"),
  BadHeader(
    #"{"a":{"dtype":"F32","shape":[9223372036854775808],"data_offsets":[0,4]}}"#, 4,
    "found a number of 2^63 or more"),
  BadHeader(
    #"{"a":{"dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,4]}}"#, 4,
    "found a number of 2^63 or more"),
  .tensor(
    #""dtype":"F32","shape":[9223372036854775807],"data_offsets":[0,4]"#,
    "found shape [9223372036854775807] that overflows"),
  .tensor(
    #""dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,0]"#,
    "found shape [4294967296, 4294967296] that overflows"),
  .tensor(
    #""dtype":"U8","shape":[0,4294967296,4294967296],"data_offsets":[0,0]"#,
    "found shape [0, 4294967296, 4294967296] that overflows"),
  .tensor(#""dtype":"F32","shape":[2],"data_offsets":[0,4]"#, "found 4 bytes of data; expected 8"),
  .tensor(#""dtype":"F64","shape":[],"data_offsets":[0,4]"#, "found 4 bytes of data; expected 8"),
  .tensor(#""dtype":"F32","shape":[0],"data_offsets":[0,4]"#, "found 4 bytes of data; expected 0"),
]

private let offsets: [BadHeader] = [
  .tensor(#""dtype":"F32","shape":[1],"data_offsets":[]"#, "found data_offsets []"),
  .tensor(#""dtype":"F32","shape":[1],"data_offsets":[4]"#, "found data_offsets [4]"),
  .tensor(#""dtype":"F32","shape":[1],"data_offsets":[0,4,8]"#, "found data_offsets [0, 4, 8]"),
  .tensor(#""dtype":"F32","shape":[1],"data_offsets":[4,0]"#, "found data_offsets [4, 0]"),
  .layout([1..<4], 4, "tensor 't0': found its data at 1; expected 0"),
  .layout([0..<2, 3..<4], 4, "tensor 't1': found its data at 3; expected 2"),
  .layout([0..<2, 1..<4], 4, "tensor 't1': found its data at 1; expected 2"),
  .layout([0..<4, 0..<4], 4, "found its data at 0; expected 4"),
  .layout([0..<4, 0..<2], 4, "found its data at 0; expected 2"),
  .layout([2..<4, 0..<3], 4, "found its data at 2; expected 3"),
  .layout([0..<4, 2..<2], 4, "found its data at 2; expected 4"),
  .layout([0..<4, 9..<9], 4, "found its data at 9; expected 4"),
  .layout([0..<4], 3, "data: found 3 bytes; expected 4"),
  .layout([0..<4], 5, "data: found 5 bytes; expected 4"),
  .layout([0..<4], 0, "data: found 0 bytes; expected 4"),
  .layout([], 1, "data: found 1 bytes; expected 0"),
  .layout([0..<1 << 40], 4, "data: found 4 bytes; expected 1099511627776"),
]

private let metadata: [BadHeader] = [
  BadHeader(#"{"__metadata__":null}"#, 0, "found 'n'; expected '{'"),
  BadHeader(#"{"__metadata__":[]}"#, 0, "found '['; expected '{'"),
  BadHeader(#"{"__metadata__":{"a":1}}"#, 0, "found '1'"),
  BadHeader(#"{"__metadata__":{"a":{}}}"#, 0, "found '{'"),
  BadHeader(#"{"__metadata__":{"a":"b","a":"c"}}"#, 0, "found the key 'a' again"),
  BadHeader(#"{"__metadata__":{},"__metadata__":{}}"#, 0, "found the key '__metadata__' again"),
  BadHeader(
    #"{"__metadata__":{"data_xxh3_128":"99aa06d3014798d86001c324468d497f"}}"#, 0,
    "__metadata__: found no header_xxh3_128"),
  BadHeader(
    #"{"__metadata__":{"header_xxh3_128":"99aa06d3014798d86001c324468d497f"}}"#, 0,
    "__metadata__: found no data_xxh3_128"),
  BadHeader(
    #"{"__metadata__":{"data_xxh3_128":"","header_xxh3_128":""}}"#, 0, "hash of the header: found"),
]

@Suite struct BadSafetensorsTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test(arguments: syntax + strings + fields + numbers + offsets + metadata)
  func badHeaderIsRefused(_ bad: BadHeader) throws {
    let header = Array(bad.header.utf8)
    let path = try folder.write(
      littleEndian(UInt64(header.count)) + header + [UInt8](repeating: 0, count: bad.dataByteCount))
    let message = try #require(refusal(path))
    #expect(message.contains(bad.message), "\(message)")
  }

  @Test(
    arguments: [
      (
        UInt64.max,
        "byte 0: found a header of 18446744073709551615 bytes; expected at most 16777216"
      ),
      (1 << 63, "byte 0: found a header of 9223372036854775808 bytes"),
      (16 << 20 + 1, "byte 0: found a header of"),
      (3, "byte 0: found a header of 3 bytes; expected at most the 2 that follow"),
      (1, "byte 9: found the end of the header"),
      (0, "byte 8: found the end of the header"),
    ] as [(UInt64, String)])
  func badLengthIsRefused(_ length: UInt64, _ expected: String) throws {
    let path = try folder.write(littleEndian(length) + Array("{}".utf8))
    let message = try #require(refusal(path))
    #expect(message.contains(expected), "\(message)")
  }

  @Test func textThatIsNotUTF8IsRefused() throws {
    for bytes: [UInt8] in [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xE2, 0x82]] {
      let header = Array("{\"".utf8) + bytes + Array("\":{\(good)}}".utf8)
      let path = try folder.write(littleEndian(UInt64(header.count)) + header + [0, 0, 0, 0])
      #expect(try #require(refusal(path)).contains("byte 10: found a string that is not UTF-8"))
    }
  }

  @Test func harmlessFreedomsAreAccepted() throws {
    for header in [
      "{}", " {} \n\t\r", "{ \"a\" : { \(good) } }   ",
      #"{"a":{"data_offsets":[0,4],"shape":[4],"dtype":"U8"},"__metadata__":{}}"#,
    ] {
      let data = header.contains("a") ? 4 : 0
      let path = try folder.write(
        littleEndian(UInt64(header.utf8.count)) + Array(header.utf8)
          + [UInt8](repeating: 0, count: data))
      #expect(refusal(path) == nil)
    }
  }

  @Test func whatIsNoFileIsRefused() throws {
    #expect(try #require(refusal(folder.path)).contains("found a folder, device or pipe"))
    #expect(try #require(refusal(folder.path + "/none")).contains("found no file"))
    #expect(try #require(refusal("/dev/zero")).contains("found a folder, device or pipe"))
    #expect(try #require(refusal(folder.write([]))).contains("found 0 bytes; expected 8 or more"))
    #expect(try #require(refusal(folder.write(Array("hello".utf8)))).contains("found 5 bytes"))
  }
}
