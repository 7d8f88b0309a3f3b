/// The type of a tensor's elements, named as safetensors names them.
package enum ElementType: String, CaseIterable, Sendable {
  /// IEEE 754 double precision.
  case f64 = "F64"
  /// IEEE 754 single precision.
  case f32 = "F32"
  /// IEEE 754 half precision.
  case f16 = "F16"
  /// The upper half of a single precision number.
  case bf16 = "BF16"
  /// Signed, 64 bits.
  case i64 = "I64"
  /// Signed, 32 bits.
  case i32 = "I32"
  /// Signed, 16 bits.
  case i16 = "I16"
  /// Signed, 8 bits.
  case i8 = "I8"
  /// Unsigned, 8 bits.
  case u8 = "U8"
  /// Unsigned, 32 bits.
  case u32 = "U32"
  /// Unsigned, 64 bits.
  case u64 = "U64"
  /// One byte, 0 or 1.
  case bool = "BOOL"

  /// Bytes of one element.
  package var byteCount: Int {
    switch self {
    case .f64, .i64, .u64: 8
    case .f32, .i32, .u32: 4
    case .f16, .bf16, .i16: 2
    case .i8, .u8, .bool: 1
    }
  }

  /// Whether elements are floating-point numbers.
  package var isFloat: Bool {
    switch self {
    case .f64, .f32, .f16, .bf16: true
    case .i64, .i32, .i16, .i8, .u8, .u32, .u64, .bool: false
    }
  }
}
