import Files
import Torch
import WeightFiles

// What a network computes with is judged where it is loaded, not while it trains: a NaN behind a ReLU
// may come out as 0, so that no loss ever tells.
extension StoredTensor {
  /// What to do about weights that are not sound.
  package static let valueAdvice =
    "take weights that were saved before their training broke, or train them again"

  /// Stops at a number that no network can compute with: one that is not finite, a negative running
  /// variance, a negative count of batches.
  ///
  /// - Parameters:
  ///   - path: the file, for the message.
  ///   - type: what the numbers are converted to; nil: they stay as they are.
  ///   - advice: what to do, for the message.
  /// - Throws: `FileError` (exit code 65) that names tensor, place and value.
  package func requireSound(
    in path: String, as type: Torch.ElementType? = nil, advice: String = valueAdvice
  ) throws(FileError) {
    guard let fault = firstFault(as: type) else { return }
    throw .refused(
      path, quoted(name) + place(fault.index), found: String(describing: fault.value),
      expected: fault.expected, advice: advice)
  }

  /// The first element that is not sound.
  private func firstFault(
    as type: Torch.ElementType?
  ) -> (index: Int, value: Double, expected: String)? {
    let isVariance = name.hasSuffix("running_var")
    let isCount = name.hasSuffix("num_batches_tracked")
    let becomesFloat = elementType == .f64 && type == .float32
    return bytes.withUnsafeBytes { bytes in
      // Most tensors are large and sound: one quick look at their exponents.
      guard isVariance || isCount || hasLargeExponent(bytes, becomesFloat: becomesFloat) else {
        return nil
      }
      for index in 0..<elementCount {
        let value = element(index, of: bytes)
        if !value.isFinite { return (index, value, "a finite number") }
        if becomesFloat, !Float(value).isFinite {
          return (index, value, "a number that float32 can hold")
        }
        if isVariance, value < 0 { return (index, value, "a variance of 0 or more") }
        if isCount, !(0..<0x1p63).contains(value) { return (index, value, "a count from 0 on") }
      }
      return nil
    }
  }

  /// Whether an element's exponent is that of infinity and NaN or, of float64 that becomes float32, one
  /// of the first that may overflow.
  private func hasLargeExponent(_ bytes: UnsafeRawBufferPointer, becomesFloat: Bool) -> Bool {
    switch elementType {
    case .f64:
      let first: UInt64 = becomesFloat ? 1023 + 127 : 2047
      return Self.hasExponent(bytes, mask: UInt64(0x7ff) << 52, from: first << 52)
    case .f32: return Self.hasExponent(bytes, mask: UInt32(0x7f80_0000), from: 0x7f80_0000)
    case .f16: return Self.hasExponent(bytes, mask: UInt16(0x7c00), from: 0x7c00)
    case .bf16: return Self.hasExponent(bytes, mask: UInt16(0x7f80), from: 0x7f80)
    case .i64, .i32, .i16, .i8, .u64, .u32, .u8, .bool: return false
    }
  }

  /// Whether the exponent, what `mask` leaves of a word, is `first` or more in any word.
  ///
  /// The highest bit of a sum says so: an "or" over words has no order, so that compilers make vectors
  /// of it.
  @inline(__always)
  private static func hasExponent<Word: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
    _ bytes: UnsafeRawBufferPointer, mask: Word, from first: Word
  ) -> Bool {
    let size = MemoryLayout<Word>.size
    let highest: Word = ~(Word.max >> 1)
    let step = highest &- first
    var bits: Word = 0
    for index in 0..<bytes.count / size {
      bits |= (bytes.loadUnaligned(fromByteOffset: index * size, as: Word.self) & mask) &+ step
    }
    return bits & highest != 0
  }

  /// An element as a double; whole numbers beyond 2^53 are rounded.
  private func element(_ index: Int, of bytes: UnsafeRawBufferPointer) -> Double {
    func load<Value: BitwiseCopyable>(_: Value.Type) -> Value {
      bytes.loadUnaligned(fromByteOffset: index * elementType.byteCount, as: Value.self)
    }
    return switch elementType {
    case .f64: load(Double.self)
    case .f32: Double(load(Float.self))
    case .f16: Double(load(Float16.self))
    case .bf16: Double(Float(bitPattern: UInt32(load(UInt16.self)) << 16))
    case .i64: Double(load(Int64.self))
    case .i32: Double(load(Int32.self))
    case .i16: Double(load(Int16.self))
    case .i8: Double(load(Int8.self))
    case .u64: Double(load(UInt64.self))
    case .u32: Double(load(UInt32.self))
    case .u8, .bool: Double(load(UInt8.self))
    }
  }

  /// An element's index on each axis, as `[3, 0, 1, 2]`; nothing for a scalar.
  private func place(_ index: Int) -> String {
    guard !shape.isEmpty else { return "" }
    var (rest, places) = (index, [Int]())
    for size in shape.reversed() {
      places.append(rest % max(size, 1))
      rest /= max(size, 1)
    }
    return "\(Array(places.reversed()))"
  }
}
