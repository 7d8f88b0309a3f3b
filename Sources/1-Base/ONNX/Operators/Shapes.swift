import WeightFiles

extension OperatorTable {
  /// The same elements in other shapes, and repeated ones.
  static let shapes: [OperatorRow] = [
    OperatorRow("Reshape", since: 5, 2...2) { scope throws(OperatorFault) in
      let value = try scope.value(0)
      let sizes = try scope.integers(1) ?? []
      let keepsZeros = try scope.flag("allowzero")
      return reshaped(value, to: try filled(sizes, value.type, keepsZeros: keepsZeros))
    },
    OperatorRow("Flatten") { scope throws(OperatorFault) in
      let value = try scope.value(0)
      let shape = value.type.shape
      let given = try scope.integer("axis", 1)
      guard -shape.count...shape.count ~= given else {
        throw OperatorFault(found: "axis \(given)", expected: "one of \(shape.count) axes")
      }
      let axis = given < 0 ? given + shape.count : given
      return reshaped(
        value, to: [shape[..<axis].reduce(1, *), shape[axis...].reduce(1, *)])
    },
    OperatorRow("Squeeze", 1...2) { scope throws(OperatorFault) in
      let value = try scope.value(0)
      let shape = value.type.shape
      let given = try scope.axes(inputFrom: 13)
      let axes =
        try given.map { axes throws(OperatorFault) in
          try NodeScope.axes(axes, rank: shape.count)
        } ?? shape.indices.filter { shape[$0] == 1 }
      guard axes.allSatisfy({ shape[$0] == 1 }) else {
        throw OperatorFault(
          found: "axes \(listed(axes)) of \(listed(shape))", expected: "axes of size 1")
      }
      return reshaped(value, to: shape.indices.filter { !axes.contains($0) }.map { shape[$0] })
    },
    OperatorRow("Unsqueeze", 1...2) { scope throws(OperatorFault) in
      let value = try scope.value(0)
      guard let given = try scope.axes(inputFrom: 13) else {
        throw OperatorFault(found: "no axes", expected: "those that are added")
      }
      let rank = value.type.shape.count + given.count
      let axes = Set(try NodeScope.axes(given, rank: rank))
      var rest = value.type.shape[...]
      return reshaped(
        value, to: (0..<rank).map { axes.contains($0) ? 1 : rest.popFirst() ?? 1 })
    },
    OperatorRow("Expand", since: 8, 2...2) { scope throws(OperatorFault) in
      let value = try scope.value(0)
      let sizes = try scope.integers(1, in: Sizes.unsigned) ?? []
      let shape = try value.type.shape.broadcast(sizes)
      guard shape != value.type.shape else { return .same(value) }
      return .node(.expand, [value], [ValueType(value.type.elementType, shape)])
    },
    OperatorRow("Tile", since: 6, 2...2) { scope throws(OperatorFault) in
      let value = try scope.value(0)
      let times = try scope.integers(1, in: Sizes.unsigned) ?? []
      guard times.count == value.type.shape.count else {
        throw OperatorFault(
          found: "\(times.count) repeats of \(listed(value.type.shape))", expected: "one an axis")
      }
      return .node(
        .tile(times), [value],
        [ValueType(value.type.elementType, zip(value.type.shape, times).map { $0 * $1 })])
    },
  ]

  private static func reshaped(_ value: Value, to shape: [Int]) -> Outcome {
    guard shape != value.type.shape else { return .same(value) }
    return .node(.reshape, [value], [ValueType(value.type.elementType, shape)])
  }

  /// The shape that `sizes` says: 0 stands for the old size, and one -1 for what is left.
  private static func filled(
    _ sizes: [Int], _ type: ValueType, keepsZeros: Bool
  ) throws(OperatorFault) -> [Int] {
    let fault = OperatorFault(
      found: "the shape \(listed(sizes)) for \(listed(type.shape))",
      expected: "one of \(type.count) elements", advice: "give images of other sizes")
    var shape = sizes
    for axis in shape.indices where shape[axis] == 0 && !keepsZeros {
      guard axis < type.shape.count else { throw fault }
      shape[axis] = type.shape[axis]
    }
    let unknown = shape.indices.filter { shape[$0] == -1 }
    var product = 1
    for size in shape where size != -1 {
      let (value, overflow) = product.multipliedReportingOverflow(by: size)
      guard size >= 0, !overflow else { throw fault }
      product = value
    }
    if let axis = unknown.first {
      guard unknown.count == 1, product > 0, type.count % product == 0 else { throw fault }
      shape[axis] = type.count / product
      product *= shape[axis]
    }
    guard product == type.count else { throw fault }
    return shape
  }
}
