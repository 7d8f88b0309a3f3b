import WeightFiles

extension Operation {
  /// The results for constant operands; nil for operations that are left to the network's execution.
  ///
  /// - Parameters:
  ///   - operands: of the types and shapes that the operation was planned for.
  ///   - results: their types and shapes.
  func evaluated(
    _ operands: [Constant], _ results: [ValueType]
  ) throws(OperatorFault) -> [Constant]? {
    guard let first = operands.first, let result = results.first else { return nil }
    if results.allSatisfy({ $0.count == 0 }) {
      return results.map {
        Constant($0.elementType, $0.shape, $0.elementType.isFloat ? .reals([]) : .integers([]))
      }
    }
    func moved(_ places: [Int]) -> [Constant] {
      [Constant(result.elementType, result.shape, first.elements.at(places))]
    }
    let strides = Places.strides(first.shape)
    switch self {
    case .reshape: return [first.reshaped(result.shape)]
    case .expand: return moved(Places.broadcast(first.shape, to: result.shape))
    case .transpose(let order):
      return moved(Places.list(result.shape, strides: order.map { strides[$0] }))
    case .slice(let starts, let steps):
      return moved(
        Places.list(
          result.shape, strides: zip(strides, steps).map { $0 * $1 },
          offset: zip(strides, starts).reduce(0) { $0 + $1.0 * $1.1 }))
    case .split(let axis, let sizes):
      var start = 0
      return zip(sizes, results).map { size, result in
        defer { start += size }
        let places = Places.list(result.shape, strides: strides, offset: start * strides[axis])
        return Constant(result.elementType, result.shape, first.elements.at(places))
      }
    case .gather(let axis, let places, _):
      let before = Places.list(Array(first.shape[..<axis]), strides: Array(strides[..<axis]))
      let after = Places.list(
        Array(first.shape[(axis + 1)...]), strides: Array(strides[(axis + 1)...]))
      return moved(
        before.flatMap { before in
          places.flatMap { place in after.map { before + place * strides[axis] + $0 } }
        })
    case .tile:
      let wrapped = zip(result.shape, first.shape).map { size, old in (0..<size).map { $0 % old } }
      var places = [0]
      for (axis, indices) in wrapped.enumerated() {
        places = places.flatMap { place in indices.map { place + $0 * strides[axis] } }
      }
      return moved(places)
    case .concatenate(let axis): return [Self.joined(operands, axis, result)]
    case .select: return Self.selected(operands, result)
    case .cast(let type): return [try first.cast(to: type)]
    case .map(let mapping): return try first.mapped(mapping).map { [$0] }
    case .combine(let combination):
      var total = first
      for operand in operands.dropFirst() {
        let shape = try total.shape.broadcast(operand.shape)
        total = try total.combined(combination, operand, ValueType(result.elementType, shape))
      }
      return [total]
    case .reduce(let reduction, let axes, _):
      return try first.reduced(reduction, axes, result).map { [$0] }
    default: return nil
    }
  }

  private static func joined(_ operands: [Constant], _ axis: Int, _ result: ValueType) -> Constant {
    // One row of the result after another: from each operand the elements of that row.
    let rows = result.shape[..<axis].reduce(1, *)
    var places: [Int] = []
    var starts: [Int] = []
    var count = 0
    for operand in operands {
      starts.append(count)
      count += operand.count
    }
    for row in 0..<rows {
      for (operand, start) in zip(operands, starts) {
        let length = operand.count / rows
        places += start + row * length..<start + (row + 1) * length
      }
    }
    return Constant(result.elementType, result.shape, all(operands).at(places))
  }

  private static func all(_ operands: [Constant]) -> Constant.Elements {
    let integers = operands.compactMap { operand -> [Int]? in
      guard case .integers(let values) = operand.elements else { return nil }
      return values
    }
    guard integers.count == operands.count else {
      return .reals(operands.flatMap(\.elements.reals))
    }
    return .integers(integers.flatMap { $0 })
  }

  private static func selected(_ operands: [Constant], _ result: ValueType) -> [Constant] {
    let places = operands.map { Places.broadcast($0.shape, to: result.shape) }
    let chosen = operands[0].elements.reals
    let offset = operands[1].count
    return [
      Constant(
        result.elementType, result.shape,
        all([operands[1], operands[2]]).at(
          places[0].indices.map {
            chosen[places[0][$0]] != 0 ? places[1][$0] : offset + places[2][$0]
          }))
    ]
  }
}
