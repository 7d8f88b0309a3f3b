import Glibc
import WeightFiles

extension Constant {
  /// The same numbers in another type; floats are cut towards 0.
  func cast(to type: ElementType) throws(OperatorFault) -> Constant {
    switch elements {
    case .integers(let values):
      return Constant(
        type, shape,
        type.isFloat
          ? .reals(values.map { type.rounded(Double($0)) })
          : .integers(values.map(type.wrapped)))
    case .reals(let values):
      if type.isFloat { return Constant(type, shape, .reals(values.map(type.rounded))) }
      if type == .bool { return Constant(type, shape, .integers(values.map { $0 == 0 ? 0 : 1 })) }
      var cut: [Int] = []
      for value in values {
        guard let whole = Int(exactly: value.rounded(.towardZero)), type.wrapped(whole) == whole
        else { throw OperatorFault(found: "\(value) as \(type.rawValue)") }
        cut.append(whole)
      }
      return Constant(type, shape, .integers(cut))
    }
  }

  /// The elements one by one; nil for what shapes are not computed with.
  func mapped(_ mapping: Mapping) throws(OperatorFault) -> Constant? {
    switch elements {
    case .reals(let values):
      let map: (Double) -> Double
      switch mapping {
      case .absolute: map = { $0.magnitude }
      case .negative: map = { -$0 }
      case .floor: map = { $0.rounded(.down) }
      case .ceiling: map = { $0.rounded(.up) }
      case .squareRoot: map = { $0.squareRoot() }
      case .reciprocal: map = { 1 / $0 }
      case .clip(let range):
        map = { $0.isNaN ? $0 : min(max($0, range.lowerBound), range.upperBound) }
      default: return nil
      }
      return Constant(type, shape, .reals(values.map { type.rounded(map($0)) }))
    case .integers(let values):
      var mapped: [Int] = []
      for value in values {
        switch mapping {
        case .not: mapped.append(1 - value)
        case .absolute where value != .min: mapped.append(abs(value))
        case .negative where value != .min: mapped.append(-value)
        case .absolute, .negative: throw OperatorFault(found: "-(\(value))")
        case .clip(let range):
          let clipped = min(max(Double(value), range.lowerBound), range.upperBound)
          guard let whole = clipped == Double(value) ? value : Int(exactly: clipped) else {
            throw OperatorFault(found: "\(value) clipped to \(clipped)")
          }
          mapped.append(whole)
        default: return nil
        }
      }
      return Constant(type, shape, .integers(mapped.map(type.wrapped)))
    }
  }

  /// Elements of two tensors combined, of which axes of size 1 are repeated.
  func combined(
    _ combination: Combination, _ other: Constant, _ result: ValueType
  ) throws(OperatorFault) -> Constant {
    let first = elements.at(Places.broadcast(shape, to: result.shape))
    let second = other.elements.at(Places.broadcast(other.shape, to: result.shape))
    guard case (.integers(let left), .integers(let right)) = (first, second) else {
      let values = zip(first.reals, second.reals).map { combination.real($0, $1) }
      if result.elementType.isFloat {
        return Constant(
          result.elementType, result.shape, .reals(values.map(result.elementType.rounded)))
      }
      // Comparisons; and whole numbers to the power of floats.
      return try Constant(.f64, result.shape, .reals(values)).cast(to: result.elementType)
    }
    var values: [Int] = []
    values.reserveCapacity(left.count)
    for (left, right) in zip(left, right) {
      guard let value = combination.integer(left, right),
        result.elementType.wrapped(value) == value
      else {
        throw OperatorFault(found: "\(combination) of \(left) and \(right)")
      }
      values.append(value)
    }
    return Constant(result.elementType, result.shape, .integers(values))
  }

  /// A sum, product or other reduction over axes; nil where there is nothing to reduce.
  func reduced(
    _ reduction: Reduction, _ axes: [Int], _ result: ValueType
  ) throws(OperatorFault) -> Constant? {
    var kept = shape
    for axis in axes { kept[axis] = 1 }
    let count = kept.reduce(1, *)
    guard self.count > 0, count > 0 else { return nil }
    let strides = Places.strides(kept).enumerated().map { axes.contains($0) ? 0 : $1 }
    let places = Places.list(shape, strides: strides)
    switch elements {
    case .reals(let values):
      var totals = [Double?](repeating: nil, count: count)
      for (place, value) in zip(places, values) {
        let value = reduction == .euclidean ? value * value : value
        totals[place] = totals[place].map { reduction.combination.real($0, value) } ?? value
      }
      let size = Double(values.count / count)
      let finished = totals.map { total in
        let total = total ?? 0
        return switch reduction {
        case .mean: total / size
        case .euclidean: total.squareRoot()
        default: total
        }
      }
      return Constant(type, result.shape, .reals(finished.map(type.rounded)))
    case .integers(let values):
      guard reduction != .mean, reduction != .euclidean else { return nil }
      var totals = [Int?](repeating: nil, count: count)
      for (place, value) in zip(places, values) {
        guard let total = totals[place] else {
          totals[place] = value
          continue
        }
        guard let next = reduction.combination.integer(total, value), type.wrapped(next) == next
        else { throw OperatorFault(found: "\(reduction) of \(total) and \(value)") }
        totals[place] = next
      }
      return Constant(type, result.shape, .integers(totals.map { $0 ?? 0 }))
    }
  }
}

extension Reduction {
  /// What joins two elements.
  fileprivate var combination: Combination {
    switch self {
    case .mean, .sum, .euclidean: .add
    case .product: .multiply
    case .maximum: .maximum
    case .minimum: .minimum
    }
  }
}

extension Combination {
  /// Of floats; comparisons give 0 or 1.
  func real(_ left: Double, _ right: Double) -> Double {
    switch self {
    case .add: left + right
    case .subtract: left - right
    case .multiply: left * right
    case .divide: left / right
    case .power: pow(left, right)
    case .minimum: left.isNaN ? left : min(left, right)
    case .maximum: left.isNaN ? left : max(left, right)
    case .modulo: fmod(left, right)
    case .equal: left == right ? 1 : 0
    case .less: left < right ? 1 : 0
    case .lessOrEqual: left <= right ? 1 : 0
    case .greater: left > right ? 1 : 0
    case .greaterOrEqual: left >= right ? 1 : 0
    case .and: left != 0 && right != 0 ? 1 : 0
    case .or: left != 0 || right != 0 ? 1 : 0
    }
  }

  /// Of whole numbers; nil where the result is none, or too large.
  func integer(_ left: Int, _ right: Int) -> Int? {
    func exact(_ result: (partialValue: Int, overflow: Bool)) -> Int? {
      result.overflow ? nil : result.partialValue
    }
    switch self {
    case .add: return exact(left.addingReportingOverflow(right))
    case .subtract: return exact(left.subtractingReportingOverflow(right))
    case .multiply: return exact(left.multipliedReportingOverflow(by: right))
    case .divide: return exact(left.dividedReportingOverflow(by: right))
    case .modulo(let keepsDividendsSign):
      guard let rest = exact(left.remainderReportingOverflow(dividingBy: right)) else { return nil }
      let isOtherSign = rest != 0 && (rest < 0) != (right < 0)
      return isOtherSign && !keepsDividendsSign ? rest + right : rest
    case .power:
      guard right >= 0 else { return nil }
      guard left.magnitude > 1 else {
        return left == -1 && right % 2 == 0 ? 1 : right == 0 ? 1 : left
      }
      return (0..<min(right, 64)).reduce(Int?(1)) { product, _ in
        product.flatMap { exact($0.multipliedReportingOverflow(by: left)) }
      }
    case .minimum: return min(left, right)
    case .maximum: return max(left, right)
    case .and: return left & right
    case .or: return left | right
    case .equal, .less, .lessOrEqual, .greater, .greaterOrEqual:
      let holds =
        switch self {
        case .equal: left == right
        case .less: left < right
        case .lessOrEqual: left <= right
        case .greater: left > right
        default: left >= right
        }
      return holds ? 1 : 0
    }
  }
}
