import Files
import WeightFiles

extension OperatorTable {
  /// Normalisation by statistics, and softmax.
  static let normalisations: [OperatorRow] = [
    OperatorRow("BatchNormalization", since: 9, 5...5, outputs: 1...5) {
      scope throws(OperatorFault) in
      let values = try scope.values()
      let channels = try channels(values[0])
      for value in values[1...] { try check(value, [channels]) }
      let type = values[0].type.elementType
      let operation = Operation.batchNorm(
        epsilon: try scope.real("epsilon", 1e-5), momentum: try scope.real("momentum", 0.9),
        isTraining: scope.version >= 14 ? try scope.flag("training_mode") : false)
      return .node(operation, values, [ValueType(type, values[0].type.shape)])
    },
    OperatorRow("InstanceNormalization", since: 6, 3...3) { scope throws(OperatorFault) in
      let values = try scope.values()
      let channels = try channels(values[0])
      for value in values[1...] { try check(value, [channels]) }
      return .node(
        .instanceNorm(epsilon: try scope.real("epsilon", 1e-5)), values, [values[0].type])
    },
    OperatorRow("GroupNormalization", since: 18, 3...3) { scope throws(OperatorFault) in
      let values = try scope.values()
      let channels = try channels(values[0])
      let groups = try scope.integer("num_groups", 0, in: Sizes.positive)
      _ = scope.attribute("stash_type")
      guard groups > 0, channels % groups == 0 else {
        throw OperatorFault(found: "\(groups) groups", expected: "a divisor of \(channels)")
      }
      for value in values[1...] { try check(value, [scope.version < 21 ? groups : channels]) }
      return .node(
        .groupNorm(groups: groups, epsilon: try scope.real("epsilon", 1e-5)), values,
        [values[0].type])
    },
    OperatorRow("LayerNormalization", since: 17, 2...3, outputs: 1...3) {
      scope throws(OperatorFault) in
      let values = try scope.values()
      let shape = values[0].type.shape
      let axis = try scope.axis(-1, rank: shape.count)
      _ = scope.attribute("stash_type")
      for value in values[1...] {
        guard try shape.broadcast(value.type.shape) == shape,
          value.type.shape.count <= shape.count - axis
        else { throw unfit(value, Array(shape[axis...])) }
      }
      return .node(
        .layerNorm(axis: axis, epsilon: try scope.real("epsilon", 1e-5)), values,
        [values[0].type])
    },
    softmax("Softmax", logarithm: false), softmax("LogSoftmax", logarithm: true),
  ]

  private static func softmax(_ name: String, logarithm: Bool) -> OperatorRow {
    OperatorRow(name) { scope throws(OperatorFault) in
      let value = try scope.value(0)
      let rank = value.type.shape.count
      // Before opset 13 over all axes from the given one together.
      let axis = try scope.axis(scope.version < 13 ? 1 : -1, rank: rank)
      let end = scope.version < 13 ? rank : axis + 1
      return .node(.softmax(axes: axis..<end, logarithm: logarithm), [value], [value.type])
    }
  }

  /// The channels of images `[N, C, ...]` of floats.
  private static func channels(_ value: Value) throws(OperatorFault) -> Int {
    guard value.type.shape.count >= 2, value.type.elementType.isFloat else {
      throw OperatorFault(found: "\(value.type)", expected: "floats [N, C, ...]")
    }
    return value.type.shape[1]
  }

  private static func check(_ value: Value, _ shape: [Int]) throws(OperatorFault) {
    guard value.type.shape == shape else { throw unfit(value, shape) }
  }

  private static func unfit(_ value: Value, _ shape: [Int]) -> OperatorFault {
    OperatorFault(
      found: "\(quoted(value.name)) of \(listed(value.type.shape))", expected: listed(shape))
  }
}
