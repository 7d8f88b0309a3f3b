import Files
import WeightFiles

extension OperatorTable {
  /// Parts of tensors.
  static let selections: [OperatorRow] = [
    OperatorRow("Slice", since: 10, 3...5) { scope throws(OperatorFault) in try sliced(scope) },
    OperatorRow("Gather", 2...2) { scope throws(OperatorFault) in
      let (value, places) = (try scope.value(0), try scope.value(1))
      let shape = value.type.shape
      let axis = try scope.axis(0, rank: shape.count)
      guard let constant = places.constant, case .integers(let given) = constant.elements else {
        throw OperatorFault(
          found: "\(quoted(places.name)), which only the images decide, as places",
          expected: "whole numbers that follow from shapes and constants")
      }
      let size = shape[axis]
      guard given.allSatisfy({ -size..<size ~= $0 }) else {
        throw OperatorFault(
          found: "places \(listed(given))", expected: "places of an axis of size \(size)")
      }
      let counted = given.map { $0 < 0 ? $0 + size : $0 }
      return .node(
        .gather(axis: axis, places: counted, shape: places.type.shape), [value],
        [
          ValueType(
            value.type.elementType, shape[..<axis] + places.type.shape + shape[(axis + 1)...])
        ])
    },
    OperatorRow("Split", since: 2, 1...2, outputs: 1...10_000) { scope throws(OperatorFault) in
      let value = try scope.value(0)
      let axis = try scope.axis(0, rank: value.type.shape.count)
      let size = value.type.shape[axis]
      let given =
        scope.version >= 13
        ? try scope.integers(1, in: Sizes.unsigned)
        : try scope.integers("split", in: Sizes.unsigned)
      var sizes = given ?? []
      if given == nil {
        let count = scope.node.outputs.count
        if scope.version >= 18 {
          let asked = try scope.integer("num_outputs", count)
          guard asked == count else {
            throw OperatorFault(found: "num_outputs \(asked)", expected: "\(count) as there are")
          }
        } else if size % count != 0 {
          throw OperatorFault(found: "\(count) parts of \(size)", expected: "equal ones")
        }
        // The last part may be smaller.
        let part = (size + count - 1) / count
        sizes = (0..<count).map { max(min(part, size - $0 * part), 0) }
      }
      guard sizes.count == scope.node.outputs.count else {
        throw OperatorFault(
          found: "\(sizes.count) parts", expected: "\(scope.node.outputs.count) as outputs")
      }
      return .node(
        .split(axis: axis, sizes: sizes), [value], try parts(value, axis: axis, sizes: sizes))
    },
  ]

  /// The types of consecutive parts along an axis, which are the whole together.
  static func parts(
    _ value: Value, axis: Int, sizes: [Int]
  ) throws(OperatorFault) -> [ValueType] {
    let size = value.type.shape[axis]
    guard sizes.reduce(0, +) == size else {
      throw OperatorFault(found: "parts of \(listed(sizes))", expected: "\(size) together")
    }
    return sizes.map { part in
      var shape = value.type.shape
      shape[axis] = part
      return ValueType(value.type.elementType, shape)
    }
  }

  private static func sliced(_ scope: NodeScope) throws(OperatorFault) -> Outcome {
    let value = try scope.value(0)
    let shape = value.type.shape
    let begins = try scope.integers(1, in: Sizes.all) ?? []
    let ends = try scope.integers(2, in: Sizes.all) ?? []
    let axes = try NodeScope.axes(
      try scope.integers(3) ?? Array(begins.indices), rank: shape.count)
    let steps = try scope.integers(4) ?? axes.map { _ in 1 }
    guard begins.count == axes.count, ends.count == axes.count, steps.count == axes.count,
      !steps.contains(0)
    else {
      throw OperatorFault(
        found: "\(begins.count) starts, \(ends.count) ends, \(axes.count) axes and steps "
          + listed(steps), expected: "as many of each, and no step of 0")
    }
    var starts = [Int](repeating: 0, count: shape.count)
    var strides = [Int](repeating: 1, count: shape.count)
    var sizes = shape
    for (index, axis) in axes.enumerated() {
      let size = shape[axis]
      guard size > 0 else { continue }
      // Places beyond the ends stand for the ends; backwards, an end may stand before the beginning.
      let isForwards = steps[index] > 0
      func place(_ given: Int, in range: ClosedRange<Int>) -> Int {
        let counted = given < 0 ? max(given, -size - 1) + size : given
        return min(max(counted, range.lowerBound), range.upperBound)
      }
      let start = place(begins[index], in: 0...(isForwards ? size : size - 1))
      let end = place(ends[index], in: isForwards ? 0...size : -1...size - 1)
      let length = isForwards ? end - start : start - end
      let step = steps[index].magnitude
      sizes[axis] = length > 0 ? (length - 1) / Int(step) + 1 : 0
      (starts[axis], strides[axis]) = (sizes[axis] > 0 ? start : 0, steps[index])
    }
    if sizes == shape, !strides.contains(where: { $0 < 0 }) { return .same(value) }
    return .node(
      .slice(starts: starts, steps: strides), [value],
      [ValueType(value.type.elementType, sizes)])
  }
}
