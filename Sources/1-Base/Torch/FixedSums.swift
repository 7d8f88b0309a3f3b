// Sums whose order of additions is fixed.
//
// LibTorch splits a sum by the number of threads, and orders it by how the tensor lies in memory,
// which differs between one image and several. Here each line is added in float64, row-major, by
// itself, and rounded once: a sum is a function of its addends in their order. On a device the
// order is the device's. Gradients are copies, exact too; there are no second derivatives.

extension Autograd {
  /// Gives a value, computed without history from one tensor, a backward pass of the caller's.
  ///
  /// - Parameters:
  ///   - value: the operator's result.
  ///   - input: the tensor that the operator read; without history nothing is recorded.
  ///   - backward: the gradient of `input`, given that of `value`.
  /// - Returns: the value with history.
  package static func custom(
    _ value: Tensor, of input: Tensor, backward: @escaping (Tensor) -> Tensor
  ) -> Tensor {
    guard input.requiresGradient else { return value }
    return custom([value], of: [input]) { gradients in [gradients[0].map(backward)] }[0]
  }
}

extension Tensor {
  /// The sums along one dimension, in fixed order, of this tensor's type.
  ///
  /// - Parameters:
  ///   - dimension: what is summed over.
  ///   - keep: whether it stays, with length 1.
  package func fixedSum(_ dimension: Int, keepingDimension keep: Bool = false) -> Tensor {
    let shape = shape
    var kept = shape
    kept[dimension] = 1
    let value = Autograd.withoutHistory { lineSums(dimension, kept).to(type, device: device) }
    let sums = Autograd.custom(value, of: self) { $0.expanded(shape) }
    return keep ? sums : sums.reshaped(Array(shape[..<dimension] + shape[(dimension + 1)...]))
  }

  /// The means along one dimension; see `fixedSum`.
  package func fixedMean(_ dimension: Int, keepingDimension keep: Bool = false) -> Tensor {
    fixedSum(dimension, keepingDimension: keep) / Double(size(dimension))
  }

  /// The sums along several dimensions, which stay with length 1; see `fixedSum`. Neighbours among them
  /// are added as one line.
  package func fixedSum(over dimensions: [Int]) -> Tensor {
    var kept = shape
    for dimension in dimensions { kept[dimension] = 1 }
    var sum = self
    var end = kept.count
    // From the last dimension on, run by run.
    for dimension in kept.indices.reversed() {
      guard dimensions.contains(dimension) else {
        end = dimension
        continue
      }
      guard dimension == 0 || !dimensions.contains(dimension - 1) else { continue }
      let length = shape[dimension..<end].reduce(1, *)
      sum = sum.reshaped(Array(shape[..<dimension]) + [length] + kept[end...])
        .fixedSum(dimension, keepingDimension: true)
      end = dimension
    }
    return sum.reshaped(kept)
  }

  /// Dimensions of length 1 repeated to a shape of as many dimensions; see `spread(_:_:)`.
  package func spread(to shape: [Int]) -> Tensor {
    let own = self.shape
    guard own != shape else { return self }
    let repeated = shape.indices.filter { own[$0] != shape[$0] }
    return Autograd.custom(detached.expanded(shape), of: self) { $0.fixedSum(over: repeated) }
  }

  /// The sum of each image's elements, `[n, ...]` to `[n]` float64, in fixed order.
  package var imageSums: Tensor {
    let (shape, type, device) = (shape, type, device)
    let length = shape.dropFirst().reduce(1, *)
    let value = Autograd.withoutHistory {
      detached.reshaped([shape[0], length]).lineSums(1, [shape[0]]).to(.float64, device: device)
    }
    return Autograd.custom(value, of: self) { gradient in
      gradient.to(type, device: device)
        .reshaped([shape[0]] + shape.dropFirst().map { _ in 1 }).expanded(shape)
    }
  }

  /// A dimension of length 1 repeated. Its gradient is a `fixedSum`, where operators that broadcast
  /// have sums of LibTorch's.
  package func spread(_ dimension: Int, _ count: Int) -> Tensor {
    precondition(size(dimension) == 1, "spread: \(shape); expected length 1 at \(dimension)")
    var shape = shape
    shape[dimension] = count
    return Autograd.custom(detached.expanded(shape), of: self) {
      $0.fixedSum(dimension, keepingDimension: true)
    }
  }

  /// The sums along a dimension in another shape, float64; no history.
  private func lineSums(_ dimension: Int, _ result: [Int]) -> Tensor {
    guard device == .cpu else { return detached.to(.float64).sum([dimension]).reshaped(result) }
    let shape = shape
    let lines = FixedOrder(
      outer: shape[..<dimension].reduce(1, *), length: shape[dimension],
      inner: shape[(dimension + 1)...].reduce(1, *))
    if type == .float32 {
      return Tensor(detached.contiguous().withElements(of: Float.self) { lines.sums($0) }, result)
    }
    let dense = detached.to(.float64).contiguous()
    return Tensor(dense.withElements(of: Double.self) { lines.sums($0) }, result)
  }
}

/// Lines of row-major memory `[outer, length, inner]`, and their sums `[outer, inner]`.
private struct FixedOrder {
  let outer: Int
  let length: Int
  let inner: Int

  func sums<Value: BinaryFloatingPoint>(_ values: UnsafeBufferPointer<Value>) -> [Double] {
    var sums = [Double](repeating: 0, count: outer * inner)
    guard let base = values.baseAddress, !values.isEmpty else { return sums }
    sums.withUnsafeMutableBufferPointer { sums in
      guard let target = sums.baseAddress else { return }
      for index in 0..<outer {
        let source = base + index * length * inner
        if inner == 1 {
          target[index] = Self.sum(source, length)
        } else {
          Self.add(source, length, inner, target + index * inner)
        }
      }
    }
    return sums
  }

  /// A line without gaps: eight sums side by side, then these one after the other, then the rest.
  private static func sum<Value: BinaryFloatingPoint>(
    _ values: UnsafePointer<Value>, _ count: Int
  ) -> Double {
    var lanes = SIMD8<Double>(repeating: 0)
    var index = 0
    while index + 8 <= count {
      for lane in 0..<8 { lanes[lane] += Double(values[index + lane]) }
      index += 8
    }
    var sum = lanes[0]
    for lane in 1..<8 { sum += lanes[lane] }
    while index < count {
      sum += Double(values[index])
      index += 1
    }
    return sum
  }

  /// Lines side by side: each one element after the other.
  private static func add<Value: BinaryFloatingPoint>(
    _ values: UnsafePointer<Value>, _ length: Int, _ inner: Int,
    _ sums: UnsafeMutablePointer<Double>
  ) {
    for place in 0..<length {
      let row = values + place * inner
      for index in 0..<inner { sums[index] += Double(row[index]) }
    }
  }
}
