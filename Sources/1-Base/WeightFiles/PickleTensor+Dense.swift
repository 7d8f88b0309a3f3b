import Files

extension PickleTensor {
  /// Why the window does not lie in its storage; nil if it does.
  var problem: String? {
    guard shape.count == strides.count, shape.count <= 64 else {
      return "\(shape.count) sizes and \(strides.count) strides"
    }
    guard offset >= 0, strides.allSatisfy({ $0 >= 0 }) else { return "a negative offset or stride" }
    guard let byteCount = StoredTensor.byteCount(storage.elementType, shape) else {
      return "the shape \(listed(shape)), negative or too large,"
    }
    guard byteCount > 0 else { return nil }
    var last = offset
    for (size, stride) in zip(shape, strides) {
      let (span, tooLarge) = (size - 1).multipliedReportingOverflow(by: stride)
      let (sum, overflow) = last.addingReportingOverflow(span)
      guard !tooLarge, !overflow else { return "strides \(listed(strides)) that overflow" }
      last = sum
    }
    guard last < storage.usableCount else {
      return "element \(last) of a storage of \(storage.usableCount)"
    }
    return nil
  }

  /// Whether the elements lie one after another, the last axis fastest.
  var isDense: Bool {
    var step = 1
    for (size, stride) in zip(shape, strides).reversed() where size != 1 {
      guard stride == step else { return false }
      step *= size
    }
    return true
  }

  /// Bytes that `dense` needs beside the storage.
  var copiedByteCount: Int {
    isDense ? 0 : StoredTensor.byteCount(storage.elementType, shape) ?? 0
  }

  /// The elements in row-major order: a part of `bytes`, the whole storage, or a copy of elements.
  ///
  /// The window must lie in the storage (`problem` is nil). Nil when there is no memory.
  func dense(in bytes: ByteRegion) -> ByteRegion? {
    let width = storage.elementType.byteCount
    let byteCount = StoredTensor.byteCount(storage.elementType, shape) ?? 0
    guard byteCount > 0 else { return bytes[0..<0] }
    let start = (offset + (storage.view?.lowerBound ?? 0)) * width
    if isDense { return bytes[start..<start + byteCount] }
    return ByteRegion(byteCount: byteCount) { target in
      bytes.withUnsafeBytes { source in
        var index = [Int](repeating: 0, count: shape.count)
        var from = start
        for to in stride(from: 0, to: byteCount, by: width) {
          UnsafeMutableRawBufferPointer(rebasing: target[to..<to + width]).copyMemory(
            from: UnsafeRawBufferPointer(rebasing: source[from..<from + width]))
          var axis = shape.count - 1
          while axis >= 0 {
            index[axis] += 1
            from += strides[axis] * width
            if index[axis] < shape[axis] { break }
            from -= shape[axis] * strides[axis] * width
            index[axis] = 0
            axis -= 1
          }
        }
      }
    }
  }
}
