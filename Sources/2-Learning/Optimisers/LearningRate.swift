/// The learning rate of an iteration: a falling schedule, and before it a linear warm-up.
///
///     rate(n) * (factor + (1 - factor) * (n - 1) / warmup),  n = 1 to warmup
///
/// Source: PyTorch's `LinearLR` on top of another schedule; MMSegmentation's `warmup: linear` is the same.
package struct LearningRate: Sendable {
  /// The rate without warm-up.
  package let schedule: PolynomialSchedule
  /// The iterations whose rate is reduced; 0: none.
  package let warmupIterations: Int
  /// What the rate of iteration 1 is multiplied by.
  package let warmupFactor: Double

  /// Rates of a schedule after a warm-up.
  package init(
    _ schedule: PolynomialSchedule, warmupIterations: Int = 0, warmupFactor: Double = 0
  ) {
    self.schedule = schedule
    self.warmupIterations = warmupIterations
    self.warmupFactor = warmupFactor
  }

  /// The learning rate of an iteration, from 1.
  package func rate(_ iteration: Int) -> Double {
    let rate = schedule.rate(iteration)
    guard iteration <= warmupIterations else { return rate }
    let share = Double(iteration - 1) / Double(warmupIterations)
    return rate * (warmupFactor + (1 - warmupFactor) * share)
  }
}
