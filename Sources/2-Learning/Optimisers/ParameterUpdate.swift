import Torch

/// What a step makes of summed gradients.
package protocol Update {
  /// Moves the parameters by one step; gradients go back to 0 unless they are exact sums.
  ///
  /// - Parameters:
  ///   - flat: values, summed gradients and what the optimiser keeps.
  ///   - rate: the learning rate.
  ///   - norm: the gradients' Euclidean norm, which is finite.
  /// - Returns: whether all parameters are finite afterwards.
  func callAsFunction(_ flat: FlatBuffers, rate: Double, norm: Double) -> Bool
}

/// An optimiser's step: gradients are clipped by the norm of all of them, then each parameter is moved with
/// the factors of its groups.
///
/// It depends on what all ranks hold alike, in one order, so all of them move alike.
package struct ParameterUpdate: Update {
  private let optimiser: any Optimiser
  private let weightDecay: Double
  private let clipNorm: Double
  /// Of each place; nil for parameters that have none.
  private let factors: [(rate: Double, decay: Double)]?

  /// An update of parameters.
  ///
  /// - Parameters:
  ///   - optimiser: that which the buffers were made for.
  ///   - weightDecay: the factor of weight decay.
  ///   - clipNorm: the largest norm of all gradients together; 0: any.
  ///   - groups: factors by name.
  ///   - places: of the buffers; needed where there are groups.
  package init(
    _ optimiser: any Optimiser, weightDecay: Double, clipNorm: Double = 0,
    groups: [ParameterGroup] = [], _ places: [FlatBuffers.Place] = []
  ) {
    self.optimiser = optimiser
    self.weightDecay = weightDecay
    self.clipNorm = clipNorm
    factors = groups.isEmpty ? nil : places.map { groups.factors(of: $0.name) }
  }

  /// Moves the parameters by one step.
  @discardableResult
  package func callAsFunction(_ flat: FlatBuffers, rate: Double, norm: Double) -> Bool {
    let update = flat.beginUpdate(clippedDigits: clip(flat, norm))
    let moved = spans(flat).map { span in
      optimiser.move(
        flat, span.range,
        StepFactors(
          rate: rate * span.factors.rate, decay: weightDecay * span.factors.decay, update: update))
    }
    if flat.values.device == .cpu { flat.note(peaks: moved.map(\.peak)) }
    if !flat.isExact { flat.gradients.fill(0) }
    return moved.allSatisfy(\.isFinite)
  }

  /// Scales the gradients so that their norm is at most that which is allowed.
  ///
  /// Source: PyTorch's `clip_grad_norm_`.
  ///
  /// - Returns: by how many binary digits they were reduced, rounded up, 16 at most.
  private func clip(_ flat: FlatBuffers, _ norm: Double) -> Int {
    let factor = clipNorm / (norm + 1e-6)
    guard clipNorm > 0, factor < 1 else { return 0 }
    flat.gradients.scale(by: factor)
    return min(16, -Int(factor.exponent))
  }

  /// What is moved at once: a parameter, or on a device all neighbours of the same factors.
  private func spans(
    _ flat: FlatBuffers
  ) -> [(range: Range<Int>, factors: (rate: Double, decay: Double))] {
    let isHost = flat.values.device == .cpu
    var spans: [(range: Range<Int>, factors: (rate: Double, decay: Double))] = []
    for (index, place) in flat.places.enumerated() {
      let own = factors?[index] ?? (1, 1)
      if !isHost, let last = spans.last, last.factors == own {
        spans[spans.count - 1].range = last.range.lowerBound..<place.range.upperBound
      } else {
        spans.append((place.range, own))
      }
    }
    return spans
  }
}

extension Update {
  /// Moves the parameters by one step of gradients whose norm nobody has computed yet.
  @discardableResult
  package func callAsFunction(_ flat: FlatBuffers, rate: Double) -> Bool {
    self(flat, rate: rate, norm: flat.gradientNorm())
  }
}
