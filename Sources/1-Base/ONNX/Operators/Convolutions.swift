import WeightFiles

extension OperatorTable {
  /// Convolutions and their transposed forms.
  static let convolutions: [OperatorRow] = [
    OperatorRow("Conv", 2...3) { scope throws(OperatorFault) in
      let values = try scope.values()
      let (shape, weights) = (values[0].type.shape, values[1].type.shape)
      let groups = try checkedGroups(scope, values, channelAxis: 1)
      let attributes = try WindowAttributes(scope, shape, kernel: Array(weights[2...]))
      let (window, sizes) = try attributes.sizes(over: shape)
      guard weights[0] % groups == 0, weights[1] * groups == shape[1] else {
        throw OperatorFault(
          found: "weights of \(listed(weights)) in \(groups) groups for \(listed(shape))",
          expected: "one group's channels on their second axis")
      }
      try checkBias(values, weights[0])
      return .node(
        .convolution(window, groups: groups), values,
        [ValueType(values[0].type.elementType, [shape[0], weights[0]] + sizes)])
    },
    OperatorRow("ConvTranspose", 2...3) { scope throws(OperatorFault) in
      let values = try scope.values()
      let (shape, weights) = (values[0].type.shape, values[1].type.shape)
      let groups = try checkedGroups(scope, values, channelAxis: 0)
      guard weights[0] == shape[1], shape[1] % groups == 0 else {
        throw OperatorFault(
          found: "weights of \(listed(weights)) in \(groups) groups for \(listed(shape))",
          expected: "the images' channels on their first axis")
      }
      try checkBias(values, weights[1] * groups)
      let (window, padding, sizes) = try transposed(
        scope, try WindowAttributes(scope, shape, kernel: Array(weights[2...])), shape)
      return .node(
        .transposedConvolution(window, groups: groups, padding: padding), values,
        [ValueType(values[0].type.elementType, [shape[0], weights[1] * groups] + sizes)])
    },
  ]

  private static func checkedGroups(
    _ scope: NodeScope, _ values: [Value], channelAxis: Int
  ) throws(OperatorFault) -> Int {
    try sameType(values)
    let (shape, weights) = (values[0].type.shape, values[1].type.shape)
    guard shape.count >= 3, weights.count == shape.count,
      weights.allSatisfy({ Sizes.positive ~= $0 }), values[0].type.elementType.isFloat
    else {
      throw OperatorFault(
        found: "\(values[0].type) and weights of \(listed(weights))",
        expected: "floats [N, C, H, W] and weights of as many axes")
    }
    return try scope.integer("group", 1, in: Sizes.positive)
  }

  private static func checkBias(_ values: [Value], _ channels: Int) throws(OperatorFault) {
    guard values.count < 3 || values[2].type.shape == [channels] else {
      throw OperatorFault(
        found: "a bias of \(listed(values[2].type.shape))", expected: "[\(channels)]")
    }
  }

  /// The padding of a transposed convolution's windows and of its result, and the result's sizes.
  private static func transposed(
    _ scope: NodeScope, _ attributes: WindowAttributes, _ shape: [Int]
  ) throws(OperatorFault) -> (Window, padding: [Int], sizes: [Int]) {
    var window = attributes.window
    let rank = window.kernel.count
    var padding =
      try scope.integers("output_padding", in: Sizes.unsigned) ?? [Int](repeating: 0, count: rank)
    let wanted = try scope.integers("output_shape", in: Sizes.positive)
    guard padding.count == rank, (wanted?.count ?? rank) == rank else {
      throw OperatorFault(found: "another number of sizes", expected: "\(rank)")
    }
    let isSame = attributes.padding == .upper || attributes.padding == .lower
    var sizes: [Int] = []
    for axis in 0..<rank {
      let reach = window.strides[axis] * (shape[axis + 2] - 1) + window.extent(axis)
      let full = reach + padding[axis]
      if let size = wanted?[axis] ?? (isSame ? shape[axis + 2] * window.strides[axis] : nil) {
        let surplus = max(full - size, 0)
        // A size that is asked for may go on behind what windows reach.
        if wanted != nil { padding[axis] += max(size - full, 0) }
        window.before[axis] =
          attributes.padding == .upper ? surplus / 2 : surplus - surplus / 2
        window.after[axis] = surplus - window.before[axis]
      }
      let size = reach + padding[axis] - window.before[axis] - window.after[axis]
      guard size > 0 else {
        throw OperatorFault(found: "a result of size \(size)", expected: "1 or more")
      }
      sizes.append(size)
    }
    return (window, padding, sizes)
  }
}
