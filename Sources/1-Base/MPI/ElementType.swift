import CMPI

/// The type of the values in a buffer, as MPI reduces them. Sums of bfloat16, which MPI does not know,
/// are `BFloat16Sums`.
package enum ElementType: UInt8, CaseIterable, Sendable {
  /// `Float`, 4 bytes.
  case float32
  /// `Double`, 8 bytes.
  case float64
  /// `Int32`, 4 bytes.
  case int32
  /// `Int64`, 8 bytes.
  case int64
  /// `UInt64`, 8 bytes.
  case uint64
  /// `UInt8`, 1 byte.
  case uint8

  /// Bytes of one value.
  package var byteCount: Int {
    switch self {
    case .float64, .int64, .uint64: 8
    case .float32, .int32: 4
    case .uint8: 1
    }
  }

  var datatype: MPI_Datatype {
    switch self {
    case .float32: cmpi_float()
    case .float64: cmpi_double()
    case .int32: cmpi_int32()
    case .int64: cmpi_int64()
    case .uint64: cmpi_uint64()
    case .uint8: cmpi_uint8()
    }
  }
}

/// How values of all ranks become one.
package enum ReduceOperation: CaseIterable, Sendable {
  /// The sum. Integers wrap; floating-point sums depend on the number of ranks in the last bits.
  case sum
  /// The smallest value.
  case minimum
  /// The largest value.
  case maximum

  var handle: MPI_Op {
    switch self {
    case .sum: cmpi_sum()
    case .minimum: cmpi_min()
    case .maximum: cmpi_max()
    }
  }
}

/// A Swift type that MPI can reduce.
package protocol ReducibleValue: BitwiseCopyable, Sendable {
  /// The same type in MPI's terms.
  static var elementType: ElementType { get }
}

extension Float: ReducibleValue {
  /// `float32`.
  package static var elementType: ElementType { .float32 }
}

extension Double: ReducibleValue {
  /// `float64`.
  package static var elementType: ElementType { .float64 }
}

extension Int32: ReducibleValue {
  /// `int32`.
  package static var elementType: ElementType { .int32 }
}

extension Int64: ReducibleValue {
  /// `int64`.
  package static var elementType: ElementType { .int64 }
}

extension UInt64: ReducibleValue {
  /// `uint64`.
  package static var elementType: ElementType { .uint64 }
}

extension UInt8: ReducibleValue {
  /// `uint8`.
  package static var elementType: ElementType { .uint8 }
}
