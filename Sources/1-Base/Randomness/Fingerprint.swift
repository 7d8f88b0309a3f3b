/// A 64-bit hash of bytes: FNV-1a. It finds accidents, not attacks.
///
/// Its values are the same in every process and version: seeds of methods, parts of data sets and the
/// weights of reference networks come from them. Whole files are hashed by `FileHash`, which is faster.
/// Source: Fowler, Noll and Vo; draft-eastlake-fnv.
package struct Fingerprint: Sendable, Equatable {
  /// The hash of all bytes so far.
  package private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

  /// The hash of no bytes.
  package init() {}

  /// The hash of some bytes.
  package init(_ bytes: some Sequence<UInt8>) {
    for byte in bytes { add(byte) }
  }

  /// The hash of a text's UTF-8.
  package init(_ text: String) { self.init(text.utf8) }

  /// Goes on with a byte.
  package mutating func add(_ byte: UInt8) {
    value = (value ^ UInt64(byte)) &* 0x100_0000_01b3
  }

  /// Goes on with the eight bytes of a number, the lowest first.
  package mutating func add(_ number: Int) {
    for shift in stride(from: 0, to: 64, by: 8) { add(UInt8(truncatingIfNeeded: number >> shift)) }
  }
}
