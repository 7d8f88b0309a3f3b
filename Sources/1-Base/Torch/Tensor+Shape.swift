import CTorch

extension Tensor {
  /// The same elements as another type or on another device; itself if nothing changes.
  package func to(_ type: ElementType, device: Device? = nil) -> Tensor {
    .make("to", self) { ct_to(&$0, handle, type.code, (device ?? self.device).code) }
  }

  /// The same elements on another device.
  package func to(device: Device) -> Tensor { to(type, device: device) }

  /// The same elements in this memory order, copied only if they lie otherwise.
  package func contiguous(_ format: MemoryFormat = .contiguous) -> Tensor {
    .make("contiguous", self) { ct_contiguous(&$0, handle, format.code) }
  }

  /// A copy.
  package func clone() -> Tensor { .make("clone", self) { ct_clone(&$0, handle) } }

  /// The same elements in another shape; one length may be -1.
  package func reshaped(_ shape: [Int]) -> Tensor {
    .make("reshape", self) { ct_reshape(&$0, handle, shape.map(Int64.init), Int32(shape.count)) }
  }

  /// The dimensions in another order.
  package func permuted(_ order: [Int]) -> Tensor {
    .make("permute", self) { ct_permute(&$0, handle, order.map(Int64.init), Int32(order.count)) }
  }

  /// A view of the indices `range` of one dimension.
  package func narrowed(_ dimension: Int, _ range: Range<Int>) -> Tensor {
    .make("narrow", self) {
      ct_narrow(&$0, handle, Int32(dimension), Int64(range.lowerBound), Int64(range.count))
    }
  }

  /// A view that repeats dimensions of length 1.
  package func expanded(_ shape: [Int]) -> Tensor {
    .make("expand", self) { ct_expand(&$0, handle, shape.map(Int64.init), Int32(shape.count)) }
  }

  /// The tensors one after the other along a dimension.
  package static func concatenated(_ tensors: [Tensor], _ dimension: Int) -> Tensor {
    let handles: [OpaquePointer?] = tensors.map(\.handle)
    return withExtendedLifetime(tensors) {
      make("cat") { ct_cat(&$0, handles, Int32(handles.count), Int32(dimension)) }
    }
  }

  /// Overwrites the elements with another tensor's, converting type and device.
  package func copy(from source: Tensor) {
    TorchRuntime.check(ct_copy_(handle, source.handle), "copy", self, source)
  }

  /// Sets every element.
  package func fill(_ value: Double) { TorchRuntime.check(ct_fill_(handle, value), "fill", self) }

  /// Multiplies every element in place.
  package func scale(by factor: Double) {
    TorchRuntime.check(ct_scale_(handle, factor), "scale", self)
  }

  /// Adds `factor * other` in place.
  package func add(_ other: Tensor, times factor: Double = 1) {
    TorchRuntime.check(ct_add_(handle, other.handle, factor), "add", self, other)
  }
}
