import Torch

/// An element of flat buffers in host memory.
///
/// Sizes and infinities are found by patterns: comparisons of numbers that may be NaN make no vectors.
protocol FlatElement: TensorElement, BinaryFloatingPoint {
  associatedtype Pattern: FixedWidthInteger & UnsignedInteger
  var bitPattern: Pattern { get }
  init(bitPattern: Pattern)
}

extension Float: FlatElement {}
extension Double: FlatElement {}

/// The largest size among numbers, and whether others are all finite.
struct Found<Value: FlatElement> {
  private var largest: Value.Pattern = 0
  /// The highest bit, once there was an exponent that only infinity and NaN have.
  private var overflow: Value.Pattern = 0

  /// Notes the size of a state.
  @inline(__always)
  mutating func note(state: Value) {
    largest = max(largest, state.bitPattern & (Value.Pattern.max >> 1))
  }

  /// Notes whether a value is finite.
  @inline(__always)
  mutating func note(value: Value) {
    let exponent = Value.infinity.bitPattern
    let highest: Value.Pattern = 1 << (Value.Pattern.bitWidth - 1)
    overflow |= (value.bitPattern & exponent) &+ (highest &- exponent)
  }

  /// What was found.
  var moved: Moved {
    Moved(
      isFinite: overflow.leadingZeroBitCount > 0, peak: Double(Value(bitPattern: largest)))
  }
}
