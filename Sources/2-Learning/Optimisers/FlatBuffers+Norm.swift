import Torch

extension FlatBuffers {
  /// The Euclidean norm of the gradients; not finite if any of them is not. The same bits on all ranks,
  /// which hold the same gradients: it is added in one order.
  package func gradientNorm() -> Double {
    let squares: Double =
      switch (gradients.device, gradients.type) {
      case (.cpu, .float32): sumOfSquares(of: Float.self)
      case (.cpu, .float64): sumOfSquares(of: Double.self)
      default: (gradients * gradients).sum().item
      }
    return squares.squareRoot()
  }

  private func sumOfSquares<Value: TensorElement & BinaryFloatingPoint>(
    of _: Value.Type
  ) -> Double {
    let values = gradients.data.assumingMemoryBound(to: Value.self)
    // Sixteen sums side by side, so that the sweep is bound by memory and not by one addition.
    var sums = SIMD16<Double>(repeating: 0)
    let count = gradients.count
    var index = 0
    while index + 16 <= count {
      for lane in 0..<16 {
        let value = Double(values[index + lane])
        sums[lane] += value * value
      }
      index += 16
    }
    var rest = sums.sum()
    while index < count {
      rest += Double(values[index]) * Double(values[index])
      index += 1
    }
    return rest
  }
}
