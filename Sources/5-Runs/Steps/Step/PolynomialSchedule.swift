import Foundation

/// The learning rate of an iteration: base * (1 - (iteration - 1) / iterations) ^ power.
///
/// Source: DeepLab's "poly" policy, as RDD's scripts use it; iterations count from 1.
public struct PolynomialSchedule: Sendable {
  /// The rate of iteration 1.
  public let base: Double
  /// The number of iterations after which the rate is 0.
  public let iterations: Int
  /// The exponent.
  public let power: Double

  /// A schedule over `iterations` iterations.
  public init(base: Double, iterations: Int, power: Double) {
    self.base = base
    self.iterations = iterations
    self.power = power
  }

  /// The learning rate of an iteration, from 1.
  public func rate(_ iteration: Int) -> Double {
    base * pow(1 - Double(iteration - 1) / Double(iterations), power)
  }
}
