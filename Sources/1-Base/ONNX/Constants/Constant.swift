import Files
import WeightFiles

/// A tensor whose elements are known before any image is.
struct Constant: Equatable, Sendable {
  /// Elements, row-major; truth values are 0 and 1.
  enum Elements: Equatable, Sendable {
    case integers([Int])
    case reals([Double])
  }

  let type: ElementType
  let shape: [Int]
  let elements: Elements

  /// Elements that are as many as `shape` says, and are rounded to `type` already.
  init(_ type: ElementType, _ shape: [Int], _ elements: Elements) {
    self.type = type
    self.shape = shape
    self.elements = elements
  }

  /// Whole numbers along one axis.
  init(_ integers: [Int]) { self.init(.i64, [integers.count], .integers(integers)) }

  /// The elements of a stored tensor.
  init(_ tensor: StoredTensor) {
    let size = tensor.elementType.byteCount
    let count = tensor.elementCount
    self.init(
      tensor.elementType, tensor.shape,
      tensor.bytes.withUnsafeBytes { bytes in
        func load<T: BitwiseCopyable>(_ type: T.Type) -> [T] {
          (0..<count).map { bytes.loadUnaligned(fromByteOffset: $0 * size, as: type) }
        }
        return switch tensor.elementType {
        case .f64: .reals(load(Double.self))
        case .f32: .reals(load(Float.self).map(Double.init))
        case .f16: .reals(load(Float16.self).map(Double.init))
        case .bf16:
          .reals(load(UInt16.self).map { Double(Float(bitPattern: UInt32($0) << 16)) })
        case .i64: .integers(load(Int64.self).map(Int.init))
        case .i32: .integers(load(Int32.self).map(Int.init))
        case .i16: .integers(load(Int16.self).map(Int.init))
        case .i8: .integers(load(Int8.self).map(Int.init))
        case .u8: .integers(load(UInt8.self).map(Int.init))
        case .u32: .integers(load(UInt32.self).map(Int.init))
        case .u64: .integers(load(UInt64.self).map { Int(truncatingIfNeeded: $0) })
        case .bool: .integers(load(UInt8.self).map { $0 == 0 ? 0 : 1 })
        }
      })
  }

  /// How many elements there are.
  var count: Int { elements.count }

  /// The same elements in another shape of as many.
  func reshaped(_ shape: [Int]) -> Constant { Constant(type, shape, elements) }

  /// The tensor as files store it.
  func stored(_ name: String) -> StoredTensor {
    let bytes: ByteRegion
    switch elements {
    case .integers(let values):
      bytes =
        switch type.byteCount {
        case 8: ByteRegion(copying: values.map { Int64($0) })
        case 4: ByteRegion(copying: values.map { Int32(truncatingIfNeeded: $0) })
        case 2: ByteRegion(copying: values.map { Int16(truncatingIfNeeded: $0) })
        default: ByteRegion(copying: values.map { UInt8(truncatingIfNeeded: $0) })
        }
    case .reals(let values):
      bytes =
        switch type {
        case .f64: ByteRegion(copying: values)
        case .f16: ByteRegion(copying: values.map { Float16($0) })
        case .bf16: ByteRegion(copying: values.map { UInt16(Float($0).bitPattern >> 16) })
        default: ByteRegion(copying: values.map { Float($0) })
        }
    }
    return StoredTensor(name: name, elementType: type, shape: shape, bytes: bytes)
  }
}

extension Constant.Elements {
  var count: Int {
    switch self {
    case .integers(let values): values.count
    case .reals(let values): values.count
    }
  }

  /// The elements at these places.
  func at(_ places: [Int]) -> Self {
    switch self {
    case .integers(let values): .integers(places.map { values[$0] })
    case .reals(let values): .reals(places.map { values[$0] })
    }
  }

  /// All elements as floats.
  var reals: [Double] {
    switch self {
    case .integers(let values): values.map(Double.init)
    case .reals(let values): values
    }
  }
}

extension ElementType {
  /// A number as an element of this floating-point type.
  func rounded(_ value: Double) -> Double {
    switch self {
    case .f32: Double(Float(value))
    case .f16: Double(Float16(value))
    case .bf16: Double(Self.bfloat16(Float(value)))
    default: value
    }
  }

  /// The nearest number with 8 bits of mantissa, ties to even.
  private static func bfloat16(_ value: Float) -> Float {
    guard value.isFinite else { return value }
    let bits = value.bitPattern
    return Float(bitPattern: (bits &+ 0x7FFF &+ (bits >> 16 & 1)) & 0xFFFF_0000)
  }

  /// A whole number as an element of this integer type: of a larger one the low bits stay.
  func wrapped(_ value: Int) -> Int {
    switch self {
    case .i32: Int(Int32(truncatingIfNeeded: value))
    case .i16: Int(Int16(truncatingIfNeeded: value))
    case .i8: Int(Int8(truncatingIfNeeded: value))
    case .u8: Int(UInt8(truncatingIfNeeded: value))
    case .bool: value == 0 ? 0 : 1
    default: value
    }
  }
}
