import Torch

/// Stochastic gradient descent with momentum and weight decay.
///
///     g = gradient + decay * p;  m = momentum * m + g;  p = p - rate * m
///
/// Source: PyTorch `SGD` without dampening or Nesterov; its first momentum is the gradient, which
/// momentum that starts at 0 gives too.
package struct SGD: Optimiser {
  /// What recipes and checkpoints know of it.
  package static let card = OptimiserCard(
    name: .sgd, title: "SGD", keys: ["train.momentum"], states: ["momentum"], countsUpdates: false)

  /// The factor of the old momentum.
  package let momentum: Double

  /// An optimiser with this factor.
  package init(momentum: Double) { self.momentum = momentum }

  /// 0: momentum is at least as large as gradients are.
  package var headRoom: Int { 0 }

  /// Moves some elements by one step.
  package func move(_ flat: FlatBuffers, _ range: Range<Int>, _ step: StepFactors) -> Moved {
    guard flat.values.device == .cpu else { return moveByOperators(flat, range, step) }
    return flat.values.type == .float64
      ? sweep(flat, range, step, Double.self) : sweep(flat, range, step, Float.self)
  }

  private func sweep<Value: FlatElement>(
    _ flat: FlatBuffers, _ range: Range<Int>, _ step: StepFactors, _: Value.Type
  ) -> Moved {
    let values = flat.values.data.assumingMemoryBound(to: Value.self)
    let gradients = flat.gradients.data.assumingMemoryBound(to: Value.self)
    let momenta = flat.states[0].data.assumingMemoryBound(to: Value.self)
    let (factor, decay, rate) = (Value(momentum), Value(step.decay), Value(step.rate))
    var found = Found<Value>()
    for index in range {
      let moved = factor * momenta[index] + (gradients[index] + decay * values[index])
      momenta[index] = moved
      found.note(state: moved)
      let value = values[index] - rate * moved
      values[index] = value
      found.note(value: value)
    }
    return found.moved
  }

  private func moveByOperators(
    _ flat: FlatBuffers, _ range: Range<Int>, _ step: StepFactors
  ) -> Moved {
    Autograd.withoutHistory {
      let (values, gradients) = (flat.values[range], flat.gradients[range])
      let momentum = flat.states[0][range]
      gradients.add(values, times: step.decay)
      momentum.scale(by: self.momentum)
      momentum.add(gradients)
      values.add(momentum, times: -step.rate)
      return values.moved
    }
  }
}

extension Tensor {
  /// Some elements of a flat buffer, in the same memory.
  subscript(range: Range<Int>) -> Tensor { narrowed(0, range) }

  /// Whether all elements of a device are finite: x - x is 0 for every finite x, else NaN.
  var moved: Moved { Moved(isFinite: (self - self).sum().item == 0, peak: 0) }
}
