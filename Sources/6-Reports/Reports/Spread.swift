/// Mean and spread of measurements, such as one figure over several seeds.
package struct Spread: Sendable, Encodable, Equatable {
  /// The number of values.
  package let count: Int
  /// Their mean.
  package let mean: Double
  /// Their sample standard deviation (denominator n - 1); nil for a single one.
  package let standardDeviation: Double?

  /// The spread of at least one value.
  package init(_ values: [Double]) {
    precondition(!values.isEmpty, "Spread: no values; expected one or more")
    count = values.count
    let mean = values.reduce(0, +) / Double(values.count)
    self.mean = mean
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    standardDeviation = count > 1 ? (squares / Double(count - 1)).squareRoot() : nil
  }

  enum CodingKeys: String, CodingKey {
    case count, mean
    case standardDeviation = "standard_deviation"
  }
}

/// A difference of two means with its 95 % interval.
package struct Difference: Sendable, Encodable, Equatable {
  /// The mean of the first less that of the second.
  package let mean: Double
  /// Half the width of Student's 95 % interval; nil where a single pair or value tells no spread.
  package let halfWidth: Double?
  /// How many pairs of equal seed were compared; nil if the groups share none, and their means are.
  package let pairs: Int?

  /// Whether the interval leaves out 0.
  package var isClear: Bool { halfWidth.map { abs(mean) > $0 } ?? false }

  /// The difference over pairs, such as two methods with the same seed.
  package init(pairs values: [(Double, Double)]) {
    let spread = Spread(values.map { $0 - $1 })
    mean = spread.mean
    pairs = spread.count
    halfWidth = spread.standardDeviation.map {
      StudentT.quantile975(spread.count - 1) * $0 / Double(spread.count).squareRoot()
    }
  }

  /// The difference of two groups without pairs, whose variances may differ (Welch).
  package init(_ first: [Double], _ second: [Double]) {
    let (one, other) = (Spread(first), Spread(second))
    mean = one.mean - other.mean
    pairs = nil
    guard let a = one.standardDeviation, let b = other.standardDeviation else {
      halfWidth = nil
      return
    }
    let (n, m) = (Double(one.count), Double(other.count))
    let (u, v) = (a * a / n, b * b / m)
    guard u + v > 0 else {
      halfWidth = 0
      return
    }
    let freedom = (u + v) * (u + v) / (u * u / (n - 1) + v * v / (m - 1))
    // Not a number where spreads are beyond all measure.
    let whole = freedom >= 1 ? Int(min(freedom, Self.mostFreedom)) : 1
    halfWidth = StudentT.quantile975(whole) * (u + v).squareRoot()
  }

  /// With more degrees of freedom Student's distribution is the normal one, to all digits that are shown.
  private static let mostFreedom = 1e6

  enum CodingKeys: String, CodingKey {
    case mean
    case halfWidth = "half_width_95"
    case pairs
  }
}

/// Student's distribution.
package enum StudentT {
  private static let small = [
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160,
    2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056,
    2.052, 2.048, 2.045, 2.042,
  ]

  /// The 97.5 % quantile, to three digits, for one degree of freedom or more.
  package static func quantile975(_ freedom: Int) -> Double {
    precondition(freedom > 0, "StudentT: \(freedom) degrees of freedom; expected one or more")
    if freedom <= small.count { return small[freedom - 1] }
    // The first terms of the expansion around the normal distribution's quantile.
    let (z, n) = (1.959964, Double(freedom))
    return z + (z * z * z + z) / (4 * n)
      + (5 * z * z * z * z * z + 16 * z * z * z + 3 * z) / (96 * n * n)
  }
}
