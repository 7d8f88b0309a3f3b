import MPI

/// The number format in which gradients are sent between ranks.
package enum GradientWire: String, CaseIterable, Sendable {
  /// As they are added: int64 units of exact sums, or the type of the gradients.
  case full
  /// Rounded to bfloat16 before they are sent and after each addition.
  case bfloat16
}

/// Sums pieces of gradients as bfloat16, in memory of its own.
struct RoundedWire {
  private let sums: BFloat16Sums
  private let values: UnsafeMutableBufferPointer<UInt16>

  /// Room for pieces of `capacity` values.
  init(capacity: Int) throws(MPIError) {
    sums = try BFloat16Sums()
    values = .allocate(capacity: capacity)
  }

  func close() { values.deallocate() }

  /// Begins the sum of a piece of float32 or float64 values. Collective.
  func start(
    _ piece: UnsafeMutableRawBufferPointer, of type: ElementType, over communicator: Communicator
  ) throws(MPIError) -> Request {
    let count = piece.count / type.byteCount
    if type == .float64 {
      let from = piece.assumingMemoryBound(to: Double.self)
      for index in 0..<count { values[index] = Self.rounded(Float(from[index])) }
    } else {
      let from = piece.assumingMemoryBound(to: Float.self)
      for index in 0..<count { values[index] = Self.rounded(from[index]) }
    }
    return try sums.start(
      UnsafeMutableBufferPointer(rebasing: values[0..<count]), over: communicator)
  }

  /// Writes the sum of a piece back, once its request is complete.
  func finish(_ piece: UnsafeMutableRawBufferPointer, of type: ElementType) {
    let count = piece.count / type.byteCount
    if type == .float64 {
      let to = piece.assumingMemoryBound(to: Double.self)
      for index in 0..<count { to[index] = Double(Self.widened(values[index])) }
    } else {
      let to = piece.assumingMemoryBound(to: Float.self)
      for index in 0..<count { to[index] = Self.widened(values[index]) }
    }
  }

  /// The nearest bfloat16, halves to even.
  private static func rounded(_ value: Float) -> UInt16 {
    let bits = value.bitPattern
    guard !value.isNaN else { return 0x7fc0 }
    return UInt16(truncatingIfNeeded: (bits &+ 0x7fff &+ ((bits >> 16) & 1)) >> 16)
  }

  private static func widened(_ bits: UInt16) -> Float { Float(bitPattern: UInt32(bits) << 16) }
}
