import Torch

/// Stochastic gradient descent with momentum and weight decay, one sweep over all parameters.
///
///     g = gradient + weightDecay * p;  m = momentum * m + g;  p = p - rate * m;  gradient = 0
///
/// Source: PyTorch `SGD` without dampening or Nesterov; its first momentum is the gradient, which
/// momentum that starts at 0 gives too.
package struct SGD: Sendable {
  /// The factor of the old momentum.
  package let momentum: Double
  /// The factor of the parameter that is added to its gradient.
  package let weightDecay: Double

  /// An optimiser with these factors.
  package init(momentum: Double, weightDecay: Double) {
    self.momentum = momentum
    self.weightDecay = weightDecay
  }

  /// Moves the parameters by one step and zeroes the gradients, unless their sums are exact.
  ///
  /// - Returns: whether all parameters are finite afterwards. Momentum that is not finite makes its
  ///   parameter so in the same step.
  @discardableResult
  package func update(_ parameters: FlatParameters, rate: Double) -> Bool {
    guard parameters.values.device == .cpu else { return updateByOperators(parameters, rate) }
    if parameters.isExact { return sweepExact(parameters, rate: Float(rate)) }
    return parameters.values.type == .float64
      ? sweep(parameters, rate: rate) : sweep(parameters, rate: Float(rate))
  }

  /// Moves the parameters, and notes the largest momentum of each: it gives the grid of the next sums.
  private func sweepExact(_ parameters: FlatParameters, rate: Float) -> Bool {
    let exponent = Float.infinity.bitPattern
    var isFinite = true
    let values = parameters.values.data.assumingMemoryBound(to: Float.self)
    let gradients = parameters.gradients.data.assumingMemoryBound(to: Float.self)
    let momenta = parameters.momentum.data.assumingMemoryBound(to: Float.self)
    let (factor, decay) = (Float(momentum), Float(weightDecay))
    let tops = parameters.places.map { place in
      var largest: UInt32 = 0
      // The highest bit, once there was an exponent that only infinity and NaN have.
      var overflow: UInt32 = 0
      for index in place.range {
        let moved = factor * momenta[index] + (gradients[index] + decay * values[index])
        momenta[index] = moved
        let value = values[index] - rate * moved
        values[index] = value
        overflow |= (value.bitPattern & exponent) &+ (1 << 31 &- exponent)
        largest = max(largest, moved.bitPattern & 0x7fff_ffff)
      }
      if overflow >> 31 != 0 { isFinite = false }
      return FlatParameters.top(of: largest)
    }
    parameters.tops.withLock { $0 = tops }
    return isFinite
  }

  private func sweep<Value: TensorElement & BinaryFloatingPoint>(
    _ parameters: FlatParameters, rate: Value
  ) -> Bool {
    let count = parameters.values.count
    let values = parameters.values.data.assumingMemoryBound(to: Value.self)
    let gradients = parameters.gradients.data.assumingMemoryBound(to: Value.self)
    let momenta = parameters.momentum.data.assumingMemoryBound(to: Value.self)
    let (factor, decay) = (Value(momentum), Value(weightDecay))
    for index in 0..<count {
      let moved = factor * momenta[index] + (gradients[index] + decay * values[index])
      momenta[index] = moved
      values[index] -= rate * moved
      gradients[index] = 0
    }
    return (0..<count).allSatisfy { values[$0].isFinite }
  }

  private func updateByOperators(_ parameters: FlatParameters, _ rate: Double) -> Bool {
    Autograd.withoutHistory {
      parameters.gradients.add(parameters.values, times: weightDecay)
      parameters.momentum.scale(by: momentum)
      parameters.momentum.add(parameters.gradients)
      parameters.values.add(parameters.momentum, times: -rate)
      parameters.gradients.fill(0)
      // x - x is 0 for every finite x, else NaN.
      return (parameters.values - parameters.values).sum().item == 0
    }
  }
}

extension FlatParameters {
  /// The Euclidean norm of the gradients; not finite if any of them is not.
  func gradientNorm() -> Double {
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
