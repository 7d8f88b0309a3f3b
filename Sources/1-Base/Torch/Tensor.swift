import CTorch

/// An n-dimensional array of LibTorch, freed with its last reference.
///
/// Operators do not throw: shapes are fixed by the program, and a failure inside LibTorch ends the
/// job through `TorchRuntime.onFailure` with the operator, the shapes and LibTorch's message.
/// Tensors may be read on any thread; writing needs the caller's own order.
package final class Tensor: @unchecked Sendable {
  let handle: OpaquePointer

  /// Takes over a handle of the C library.
  init(owning handle: OpaquePointer) { self.handle = handle }

  deinit { ct_free(handle) }

  /// A handle of its own to the same tensor, for the C library to keep.
  func newHandle() -> OpaquePointer {
    var copy: OpaquePointer?
    TorchRuntime.check(ct_detach(&copy, handle), "detach", self)
    guard let copy else { TorchRuntime.onFailure("detach: no tensor came back") }
    return copy
  }

  /// Makes a tensor by a call of the C library, which ends the job if it fails.
  static func make(
    _ operation: StaticString, _ inputs: Tensor..., by call: (inout OpaquePointer?) -> Int32
  ) -> Tensor {
    var made: OpaquePointer?
    let status = call(&made)
    guard status == 0, let made else {
      let shapes = inputs.map { "\($0.shape) \($0.type)" }.joined(separator: ", ")
      TorchRuntime.onFailure("\(operation)(\(shapes)): \(String(cString: ct_last_error()))")
    }
    return Tensor(owning: made)
  }
}

// MARK: Making tensors

extension Tensor {
  /// A tensor whose elements are not set.
  package static func empty(
    _ shape: [Int], _ type: ElementType = .float32, device: Device = .cpu,
    format: MemoryFormat = .contiguous
  ) -> Tensor {
    make("empty") {
      ct_empty(
        &$0, shape.map(Int64.init), Int32(shape.count), type.code, device.code, format.code)
    }
  }

  /// A tensor of equal elements.
  package static func full(
    _ shape: [Int], _ value: Double, _ type: ElementType = .float32, device: Device = .cpu
  ) -> Tensor {
    make("full") {
      ct_full(
        &$0, shape.map(Int64.init), Int32(shape.count), value, type.code, device.code)
    }
  }

  /// A tensor of zeros.
  package static func zeros(
    _ shape: [Int], _ type: ElementType = .float32, device: Device = .cpu
  ) -> Tensor { full(shape, 0, type, device: device) }

  /// A tensor in host memory with a copy of `values`, row-major.
  package convenience init<Value: TensorElement>(_ values: [Value], _ shape: [Int]) {
    precondition(
      values.count == shape.reduce(1, *), "Tensor: \(values.count) values for shape \(shape)")
    let tensor = Tensor.empty(shape, Value.elementType)
    tensor.withMutableElements(of: Value.self) { target in
      _ = target.update(fromContentsOf: values)
    }
    self.init(sharing: tensor)
  }

  /// A row-major tensor in host memory whose bytes `fill` writes.
  package convenience init(
    copyOf shape: [Int], _ type: ElementType, _ fill: (UnsafeMutableRawBufferPointer) -> Void
  ) {
    let tensor = Tensor.empty(shape, type)
    fill(UnsafeMutableRawBufferPointer(start: tensor.data, count: tensor.count * type.byteCount))
    self.init(sharing: tensor)
  }

  /// A tensor over host memory that `owner` keeps alive; nothing is copied.
  ///
  /// - Parameters:
  ///   - memory: row-major elements; valid while `owner` lives.
  ///   - shape: the lengths of the dimensions.
  ///   - type: the type of the elements.
  ///   - owner: released when the last tensor over the memory is gone.
  package static func over(
    _ memory: UnsafeMutableRawPointer, _ shape: [Int], _ type: ElementType, owner: AnyObject
  ) -> Tensor {
    let context = Unmanaged.passRetained(owner).toOpaque()
    return make("over") {
      ct_borrow(
        &$0, memory, shape.map(Int64.init), Int32(shape.count), type.code,
        { context in
          if let context { Unmanaged<AnyObject>.fromOpaque(context).release() }
        }, context)
    }
  }

  private convenience init(sharing other: Tensor) { self.init(owning: other.newHandle()) }
}

// MARK: Looking at tensors

extension Tensor {
  /// The lengths of the dimensions.
  package var shape: [Int] { (0..<Int(ct_rank(handle))).map { size($0) } }

  /// The length of one dimension.
  package func size(_ dimension: Int) -> Int {
    var size: Int64 = 0
    TorchRuntime.check(ct_size(&size, handle, Int32(dimension)), "size")
    return Int(size)
  }

  /// The number of elements.
  package var count: Int { Int(ct_count(handle)) }

  /// The type of the elements.
  package var type: ElementType {
    guard let type = ElementType(code: ct_type(handle)) else {
      TorchRuntime.onFailure("Tensor.type: LibTorch returned a type that this program never makes")
    }
    return type
  }

  /// Where the memory is.
  package var device: Device { Device(code: ct_device(handle)) }

  /// Whether the elements lie in this order without gaps.
  package func isContiguous(_ format: MemoryFormat = .contiguous) -> Bool {
    ct_is_contiguous(handle, format.code)
  }

  /// The first element's address; the tensor must outlive its use.
  package var data: UnsafeMutableRawPointer {
    var pointer: UnsafeMutableRawPointer?
    TorchRuntime.check(ct_data(&pointer, handle), "data", self)
    // An empty tensor has no memory; any aligned address serves for zero elements.
    return pointer ?? UnsafeMutableRawPointer(bitPattern: 64) ?? UnsafeMutableRawPointer(handle)
  }

  /// Calls `body` with the elements of a row-major (or channels-last, in memory order) host tensor.
  package func withElements<Value: TensorElement, Result>(
    of _: Value.Type, _ body: (UnsafeBufferPointer<Value>) throws -> Result
  ) rethrows -> Result {
    try withMutableElements(of: Value.self) { try body(UnsafeBufferPointer($0)) }
  }

  /// Calls `body` with the elements, to be changed in place.
  package func withMutableElements<Value: TensorElement, Result>(
    of _: Value.Type, _ body: (UnsafeMutableBufferPointer<Value>) throws -> Result
  ) rethrows -> Result {
    precondition(
      type == Value.elementType && device == .cpu
        && (isContiguous() || (ct_rank(handle) == 4 && isContiguous(.channelsLast))),
      "withElements: \(shape) \(type) on \(device); expected dense \(Value.elementType) in host memory"
    )
    let pointer = data.assumingMemoryBound(to: Value.self)
    return try withExtendedLifetime(self) {
      try body(UnsafeMutableBufferPointer(start: pointer, count: count))
    }
  }

  /// A copy of the elements, row-major, converted to `Value`'s type where they are of another.
  package func array<Value: TensorElement>(_: Value.Type) -> [Value] {
    to(Value.elementType, device: .cpu).contiguous().withElements(of: Value.self) { Array($0) }
  }

  /// The only element, as a double.
  package var item: Double {
    precondition(count == 1, "item: \(shape) has \(count) elements; expected 1")
    return array(Double.self)[0]
  }
}

/// A Swift type that can be an element of a tensor.
package protocol TensorElement: Sendable {
  /// The element type with the same bits.
  static var elementType: ElementType { get }
}

extension Float: TensorElement {
  /// float32.
  package static var elementType: ElementType { .float32 }
}

extension Double: TensorElement {
  /// float64.
  package static var elementType: ElementType { .float64 }
}

extension Int64: TensorElement {
  /// int64.
  package static var elementType: ElementType { .int64 }
}

extension Int32: TensorElement {
  /// int32.
  package static var elementType: ElementType { .int32 }
}

extension UInt8: TensorElement {
  /// uint8.
  package static var elementType: ElementType { .uint8 }
}
