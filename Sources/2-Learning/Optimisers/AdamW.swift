import Foundation
import Torch

/// Adam with weight decay that is decoupled from the gradient.
///
///     p = p - rate * decay * p
///     m = b1 * m + (1 - b1) * g;  v = b2 * v + (1 - b2) * g * g
///     p = p - rate / (1 - b1^n) * m / (sqrt(v / (1 - b2^n)) + epsilon),  n the update, from 1
///
/// Source: Loshchilov and Hutter 2019, as `torch.optim.AdamW` computes it, without AMSGrad.
package struct AdamW: Optimiser {
  /// What recipes and checkpoints know of it.
  package static let card = OptimiserCard(
    name: .adamw, title: "AdamW", keys: ["train.beta1", "train.beta2", "train.epsilon"],
    states: ["first_moment", "second_moment"], countsUpdates: true)

  /// The factors of the old moments: b1 and b2.
  package let betas: (first: Double, second: Double)
  /// What keeps the divisor from being 0.
  package let epsilon: Double

  /// An optimiser with these factors.
  package init(betas: (Double, Double), epsilon: Double) {
    self.betas = betas
    self.epsilon = epsilon
  }

  /// The first moment of gradients that change their signs is smaller than they are.
  package var headRoom: Int { min(12, -Int((1 - betas.first).exponent)) }

  /// Moves some elements by one step.
  package func move(_ flat: FlatBuffers, _ range: Range<Int>, _ step: StepFactors) -> Moved {
    guard flat.values.device == .cpu else { return moveByOperators(flat, range, step) }
    return flat.values.type == .float64
      ? sweep(flat, range, step, Double.self) : sweep(flat, range, step, Float.self)
  }

  /// The rate over the first moment's correction, and the root of the second's.
  private func corrections(_ step: StepFactors) -> (rate: Double, root: Double) {
    let count = Double(step.update)
    return (
      step.rate / (1 - pow(betas.first, count)), (1 - pow(betas.second, count)).squareRoot()
    )
  }

  private func sweep<Value: FlatElement>(
    _ flat: FlatBuffers, _ range: Range<Int>, _ step: StepFactors, _: Value.Type
  ) -> Moved {
    let values = flat.values.data.assumingMemoryBound(to: Value.self)
    let gradients = flat.gradients.data.assumingMemoryBound(to: Value.self)
    let first = flat.states[0].data.assumingMemoryBound(to: Value.self)
    let second = flat.states[1].data.assumingMemoryBound(to: Value.self)
    let corrections = corrections(step)
    let (rate, root) = (Value(corrections.rate), Value(corrections.root))
    let (kept, epsilon) = (Value(1 - step.rate * step.decay), Value(epsilon))
    let old = (first: Value(betas.first), second: Value(betas.second))
    let new = (first: Value(1 - betas.first), second: Value(1 - betas.second))
    var found = Found<Value>()
    for index in range {
      let gradient = gradients[index]
      let mean = old.first * first[index] + new.first * gradient
      let square = old.second * second[index] + new.second * (gradient * gradient)
      first[index] = mean
      second[index] = square
      found.note(state: mean)
      let value = kept * values[index] - rate * (mean / (square.squareRoot() / root + epsilon))
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
      let (first, second) = (flat.states[0][range], flat.states[1][range])
      let corrections = corrections(step)
      values.scale(by: 1 - step.rate * step.decay)
      first.scale(by: betas.first)
      first.add(gradients, times: 1 - betas.first)
      second.scale(by: betas.second)
      second.add(gradients * gradients, times: 1 - betas.second)
      let divisor = second.squareRoot / corrections.root + epsilon
      values.add(first / divisor, times: -corrections.rate)
      return values.moved
    }
  }
}
