import Files
import WeightFiles

extension OperatorTable {
  /// The same elements in another order, joined, or with others around them.
  static let arrangements: [OperatorRow] = [
    OperatorRow("Transpose") { scope throws(OperatorFault) in
      let value = try scope.value(0)
      let shape = value.type.shape
      let order = try scope.integers("perm") ?? shape.indices.reversed()
      guard order.sorted() == Array(shape.indices) else {
        throw OperatorFault(
          found: "perm \(listed(order))", expected: "each of \(shape.count) axes once")
      }
      return .node(
        .transpose(order: order), [value],
        [ValueType(value.type.elementType, order.map { shape[$0] })])
    },
    OperatorRow("Concat", since: 4, 1...10_000) { scope throws(OperatorFault) in
      let values = try scope.values()
      try sameType(values)
      let shape = values[0].type.shape
      let axis = try NodeScope.axis(
        try scope.integer("axis", shape.count), rank: shape.count)
      var joined = shape
      for value in values[1...] {
        var other = value.type.shape
        let isFitting = other.count == shape.count
        joined[axis] += isFitting ? other[axis] : 0
        if isFitting { other[axis] = shape[axis] }
        guard other == shape else {
          throw OperatorFault(
            found: "the shapes \(listed(shape)) and \(listed(value.type.shape))",
            expected: "the same but for axis \(axis)")
        }
      }
      if values.count == 1 { return .same(values[0]) }
      return .node(
        .concatenate(axis: axis), values, [ValueType(values[0].type.elementType, joined)])
    },
    OperatorRow("Pad", 2...4) { scope throws(OperatorFault) in try padded(scope) },
    OperatorRow("DepthToSpace") { scope throws(OperatorFault) in
      let value = try scope.value(0)
      let (block, shape) = try blocks(scope, value)
      let mode = try scope.text("mode", "DCR")
      guard shape[1] % (block * block) == 0, ["DCR", "CRD"].contains(mode) else {
        throw OperatorFault(
          found: "\(shape[1]) channels, mode \(quoted(mode))",
          expected: "a multiple of \(block * block), DCR or CRD")
      }
      return .node(
        .depthToSpace(block: block, isChannelFirst: mode == "CRD"), [value],
        [
          ValueType(
            value.type.elementType,
            [shape[0], shape[1] / (block * block), shape[2] * block, shape[3] * block])
        ])
    },
    OperatorRow("SpaceToDepth") { scope throws(OperatorFault) in
      let value = try scope.value(0)
      let (block, shape) = try blocks(scope, value)
      guard shape[2] % block == 0, shape[3] % block == 0 else {
        throw OperatorFault(found: listed(shape), expected: "sizes that \(block) divides")
      }
      return .node(
        .spaceToDepth(block: block), [value],
        [
          ValueType(
            value.type.elementType,
            [shape[0], shape[1] * block * block, shape[2] / block, shape[3] / block])
        ])
    },
  ]

  private static func blocks(
    _ scope: NodeScope, _ value: Value
  ) throws(OperatorFault) -> (block: Int, shape: [Int]) {
    guard value.type.shape.count == 4 else {
      throw OperatorFault(found: listed(value.type.shape), expected: "images [N, C, H, W]")
    }
    let block = try scope.integer("blocksize", 0)
    try Sizes.check([block], in: 1...1024, "blocksize")
    return (block, value.type.shape)
  }

  /// Words of `mode` of Pad.
  private enum PadMode: String, CaseIterable { case constant, reflect, edge, wrap }

  private static func padded(_ scope: NodeScope) throws(OperatorFault) -> Outcome {
    let value = try scope.value(0)
    let shape = value.type.shape
    let pads = try scope.integers(1) ?? []
    let axes = try NodeScope.axes(
      (scope.version >= 18 ? try scope.integers(3) : nil) ?? Array(shape.indices),
      rank: shape.count)
    guard pads.count == 2 * axes.count else {
      throw OperatorFault(found: "pads \(listed(pads))", expected: "\(2 * axes.count) sizes")
    }
    let mode = try scope.word("mode", PadMode.constant)
    guard mode != .wrap || scope.version >= 19 else {
      throw OperatorFault(found: "mode wrap", expected: "opset 19 or newer")
    }
    var before = [Int](repeating: 0, count: shape.count)
    var after = before
    for (index, axis) in axes.enumerated() {
      (before[axis], after[axis]) = (pads[index], pads[axes.count + index])
    }
    var sizes: [Int] = []
    for (axis, size) in shape.enumerated() {
      // How many elements there are to take from; any number of a constant.
      let most =
        switch mode {
        case .constant: Int(Int32.max)
        case .reflect: size - 1
        case .edge: size > 0 ? Int(Int32.max) : 0
        case .wrap: size
        }
      let padded = size + before[axis] + after[axis]
      // A part that is cut off on one side cannot be more than all.
      guard padded >= 0, max(before[axis], after[axis]) <= max(most, 0),
        min(before[axis], after[axis]) >= -size
      else {
        throw OperatorFault(
          found: "pads \(before[axis]) and \(after[axis]) around \(size), mode \(mode.rawValue)",
          expected: "at most \(max(most, 0))", advice: "give larger images")
      }
      sizes.append(padded)
    }
    let padding: Padding =
      switch mode {
      case .constant: .constant(try scope.real(2) ?? 0)
      case .reflect: .reflect
      case .edge: .edge
      case .wrap: .wrap
      }
    return .node(
      .pad(before: before, after: after, padding), [value],
      [ValueType(value.type.elementType, sizes)])
  }
}
