import Foundation

/// The learning rate of an iteration: base * (1 - (iteration - 1) / iterations) ^ power.
///
/// Source: DeepLab's "poly" policy, as RDD's scripts use it; iterations count from 1.
package struct PolynomialSchedule: Sendable {
  /// The rate of iteration 1.
  package let base: Double
  /// The number of iterations after which the rate is 0.
  package let iterations: Int
  /// The exponent.
  package let power: Double

  /// A schedule over `iterations` iterations.
  package init(base: Double, iterations: Int, power: Double) {
    self.base = base
    self.iterations = iterations
    self.power = power
  }

  /// The learning rate of an iteration, from 1.
  package func rate(_ iteration: Int) -> Double {
    base * pow(1 - Double(iteration - 1) / Double(iterations), power)
  }
}
