import Files
import WeightFiles

/// The type of a value's elements, and its shape.
package struct ValueType: Equatable, Sendable, CustomStringConvertible {
  /// The type of the elements.
  package let elementType: ElementType
  /// The size of each axis; empty for a scalar.
  package let shape: [Int]

  /// A type and a shape.
  package init(_ elementType: ElementType, _ shape: [Int]) {
    self.elementType = elementType
    self.shape = shape
  }

  /// As `F32 [1, 3, 64, 96]`.
  package var description: String { "\(elementType.rawValue) \(listed(shape))" }

  /// Elements; of sizes below 2^31 that do not overflow together, as `isWithin` checks.
  var count: Int { shape.reduce(1, *) }

  /// Whether sizes are not negative, and those other than 0 multiply to no more than the limit.
  func isWithin(_ limits: Limits) -> Bool {
    var product = 1
    for size in shape {
      guard 0...Int(Int32.max) ~= size else { return false }
      let (value, overflow) = product.multipliedReportingOverflow(by: max(size, 1))
      guard !overflow, value <= limits.valueElements else { return false }
      product = value
    }
    return shape.count <= limits.axes
  }
}

extension [Int] {
  /// The shape to which two shapes are broadcast: aligned at their ends, sizes of 1 repeated.
  func broadcast(_ other: [Int]) throws(OperatorFault) -> [Int] {
    let rank = Swift.max(count, other.count)
    var shape: [Int] = []
    for axis in 0..<rank {
      let first = axis < rank - count ? 1 : self[axis - rank + count]
      let second = axis < rank - other.count ? 1 : other[axis - rank + other.count]
      guard first == second || first == 1 || second == 1 else {
        throw OperatorFault(
          found: "the shapes \(listed(self)) and \(listed(other))",
          expected: "sizes that are equal or 1")
      }
      shape.append(first == 1 ? second : first)
    }
    return shape
  }
}
