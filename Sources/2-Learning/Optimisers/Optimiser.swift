/// How a parameter is moved by its gradient: an optimiser with its factors.
package protocol Optimiser: Sendable {
  /// What the table says of it.
  static var card: OptimiserCard { get }

  /// By how many binary digits gradients may be above what is kept of them in the first state; the grid
  /// of exact sums reaches so much higher.
  var headRoom: Int { get }

  /// Moves some elements by one step, and what is kept of them.
  ///
  /// - Parameters:
  ///   - flat: the buffers, with the states that the card names.
  ///   - range: which elements.
  ///   - step: the factors of this step.
  func move(_ flat: FlatBuffers, _ range: Range<Int>, _ step: StepFactors) -> Moved
}

/// The factors of one step for some elements.
package struct StepFactors: Sendable {
  /// The learning rate.
  package var rate: Double
  /// The factor of weight decay.
  package var decay: Double
  /// Which update it is, from 1; those that were left out do not count.
  package var update: Int

  /// Factors of an update.
  package init(rate: Double, decay: Double, update: Int) {
    self.rate = rate
    self.decay = decay
    self.update = update
  }
}

/// What a step says of the elements that it moved.
package struct Moved: Sendable {
  /// Whether all of them are finite.
  package var isFinite: Bool
  /// The largest size of the first state; not told on a device.
  package var peak: Double

  /// What was found.
  package init(isFinite: Bool, peak: Double) {
    self.isFinite = isFinite
    self.peak = peak
  }
}
