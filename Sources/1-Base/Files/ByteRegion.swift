import Glibc

/// A run of bytes in memory that stays valid and unchanged as long as the value lives.
///
/// The start of a slice need not be aligned to its element type: read with `loadUnaligned` or copy.
package struct ByteRegion: Sendable {
  private let memory: Memory
  private let start: Int
  /// Number of bytes.
  package let count: Int

  private init(memory: Memory, start: Int, count: Int) {
    self.memory = memory
    self.start = start
    self.count = count
  }

  /// A copy of `bytes`, aligned to 64 bytes.
  package init(copying bytes: UnsafeRawBufferPointer) {
    guard let memory = Memory(byteCount: bytes.count) else {
      preconditionFailure("out of memory: ByteRegion of \(bytes.count) bytes")
    }
    memory.contents.copyMemory(from: bytes)
    self.init(memory: memory, start: 0, count: bytes.count)
  }

  /// The elements of `values` as they lie in memory.
  package init<T: BitwiseCopyable>(copying values: [T]) {
    self = values.withUnsafeBytes { ByteRegion(copying: $0) }
  }

  /// The bytes of `bytes` without a copy; `owner` is kept alive and must not change them.
  package init(borrowing bytes: UnsafeRawBufferPointer, from owner: some AnyObject & Sendable) {
    self.init(memory: Memory(borrowing: bytes, owner: owner), start: 0, count: bytes.count)
  }

  /// New memory that `fill` writes once, aligned to 64 bytes; nil when there is no memory.
  package init?<E: Error>(
    byteCount: Int, fill: (UnsafeMutableRawBufferPointer) throws(E) -> Void
  ) throws(E) {
    guard let memory = Memory(byteCount: byteCount) else { return nil }
    try fill(memory.contents)
    self.init(memory: memory, start: 0, count: byteCount)
  }

  /// Bytes `range` of this region, without a copy.
  package subscript(range: Range<Int>) -> ByteRegion {
    precondition(
      range.lowerBound >= 0 && range.upperBound <= count, "bytes \(range) of a region of \(count)")
    return ByteRegion(memory: memory, start: start + range.lowerBound, count: range.count)
  }

  /// Calls `body` with the bytes, valid during the call.
  package func withUnsafeBytes<R, E: Error>(
    _ body: (UnsafeRawBufferPointer) throws(E) -> R
  ) throws(E) -> R {
    try body(UnsafeRawBufferPointer(rebasing: memory.contents[start..<start + count]))
  }
}

/// Memory of a region: allocated here, or another object's.
private final class Memory: @unchecked Sendable {
  let contents: UnsafeMutableRawBufferPointer
  private let owner: AnyObject?

  init?(byteCount: Int) {
    var base: UnsafeMutableRawPointer?
    guard posix_memalign(&base, 64, max(byteCount, 1)) == 0 else { return nil }
    contents = UnsafeMutableRawBufferPointer(start: base, count: byteCount)
    owner = nil
  }

  init(borrowing bytes: UnsafeRawBufferPointer, owner: AnyObject) {
    contents = UnsafeMutableRawBufferPointer(mutating: bytes)
    self.owner = owner
  }

  deinit {
    if owner == nil { free(contents.baseAddress) }
  }
}
