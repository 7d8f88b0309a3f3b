/// What `allClose` found; its description says where and how far two arrays are apart.
public struct ClosenessReport: Sendable, CustomStringConvertible {
  /// Whether every pair of values is close.
  public let isClose: Bool
  /// One line.
  public let description: String
}

/// Compares two arrays: |found - expected| <= absolute + relative * |expected| for every pair.
///
/// Two NaN are close to each other, and so are equal infinities. In a test:
///
///     let report = allClose(found, expected)
///     #expect(report.isClose, "\(report)")
public func allClose<Value: BinaryFloatingPoint>(
  _ found: [Value], _ expected: [Value], relative: Value = 1e-5, absolute: Value = 1e-6
) -> ClosenessReport {
  guard found.count == expected.count else {
    return ClosenessReport(
      isClose: false, description: "\(found.count) values; expected \(expected.count)")
  }
  var farCount = 0
  var worst: (index: Int, excess: Value) = (0, -.infinity)
  for (index, pair) in zip(found, expected).enumerated() {
    let excess = excess(pair.0, pair.1, relative: relative, absolute: absolute)
    if excess > 0 { farCount += 1 }
    if excess > worst.excess { worst = (index, excess) }
  }
  guard farCount > 0 else {
    return ClosenessReport(isClose: true, description: "\(found.count) values are close")
  }
  return ClosenessReport(
    isClose: false,
    description: "\(farCount) of \(found.count) values are not close; the worst is "
      + "[\(worst.index)]: \(found[worst.index]); expected \(expected[worst.index])")
}

/// How far a pair is beyond its tolerance; at most 0 when it is close.
private func excess<Value: BinaryFloatingPoint>(
  _ found: Value, _ expected: Value, relative: Value, absolute: Value
) -> Value {
  if found == expected || (found.isNaN && expected.isNaN) { return 0 }
  let excess = (found - expected).magnitude - absolute - relative * expected.magnitude
  return excess.isNaN || !expected.isFinite ? .infinity : excess
}

/// The largest difference of two arrays, relative to the largest expected value; infinite where
/// their sizes differ or a value is not a number.
public func difference(_ found: [Double], _ expected: [Double]) -> Double {
  guard found.count == expected.count else { return .infinity }
  let largest = max(expected.map(\.magnitude).max() ?? 0, 1e-30)
  let differences = zip(found, expected).map { ($0 - $1).magnitude }
  guard !differences.contains(where: \.isNaN) else { return .infinity }
  return (differences.max() ?? 0) / largest
}

/// Whether two numbers agree to a relative error, or to half of the tenth printed decimal.
public func isClose(_ found: Double?, _ expected: Double, _ relative: Double = 1e-9) -> Bool {
  found.map { isClose([$0], [expected], relative) } ?? false
}

/// Whether the numbers of two arrays agree pair by pair; see `allClose` for what is printed.
public func isClose(_ found: [Double], _ expected: [Double], _ relative: Double = 1e-9) -> Bool {
  allClose(found, expected, relative: relative, absolute: 5e-11).isClose
}
