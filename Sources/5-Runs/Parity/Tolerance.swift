/// How far a value may be from the expected one.
struct Tolerance: Sendable {
  /// What relative errors are relative to.
  enum Scale: Sendable {
    /// Each element's own magnitude.
    case each
    /// The largest magnitude of the tensor.
    case largest
    /// The largest magnitude of each of so many equal parts of the tensor.
    case row(Int)
    /// The larger magnitude of two neighbours: a sum and its norm.
    case pair
  }

  var scale: Scale
  /// One number, or one for each of equal parts of the tensor.
  var relative: [Double]
  /// A further allowance: a factor of the largest magnitude of the scale's row.
  var floor = 0.0
  /// A further allowance, in the values' own unit.
  var absolute = 0.0

  /// No difference at all.
  static let exact = each(0)
  /// A factor of each element.
  static func each(_ relative: Double) -> Tolerance {
    Tolerance(scale: .each, relative: [relative])
  }
  /// A factor of the largest element.
  static func largest(_ relative: Double) -> Tolerance {
    Tolerance(scale: .largest, relative: [relative])
  }

  /// For each expected value, what its error is relative to; 1 where that would be 0.
  func scales(_ expected: [Double]) -> [Double] {
    let magnitudes = expected.map(\.magnitude)
    func largest(of parts: Int) -> [Double] {
      let length = max(expected.count / max(parts, 1), 1)
      let largest = stride(from: 0, to: expected.count, by: length).map { start in
        magnitudes[start..<min(start + length, expected.count)].max() ?? 0
      }
      return expected.indices.map { largest[$0 / length] }
    }
    let scales =
      switch scale {
      case .each: magnitudes
      case .largest: largest(of: 1)
      case .row(let count): largest(of: count)
      case .pair: largest(of: expected.count / 2)
      }
    return scales.map { $0 == 0 ? 1 : $0 }
  }

  /// For each expected value, the absolute error that is allowed.
  func allowed(_ expected: [Double], _ scales: [Double]) -> [Double] {
    let largest = floor == 0 ? 0 : floor * (expected.map(\.magnitude).max() ?? 0)
    return expected.indices.map { index in
      relative[index * relative.count / expected.count] * scales[index] + largest + absolute
    }
  }
}
