import ONNX

extension Plan {
  /// The values that a gradient of an output reaches.
  var reachedByGradients: Set<String> {
    var reached = Set(outputs.map(\.value))
    for node in nodes.reversed() where !reached.isDisjoint(with: node.outputs) {
      for (index, name) in node.inputs.enumerated()
      where node.operation.passesGradient(toInput: index)
        && values[name]?.elementType.isFloat ?? false
      {
        reached.insert(name)
      }
    }
    return reached
  }
}

extension Plan.Operation {
  /// Whether an operand of floats gets a gradient from the result's.
  fileprivate func passesGradient(toInput index: Int) -> Bool {
    switch self {
    // Statistics are counted, not learned.
    case .batchNorm: index < 3
    case .select: index > 0
    case .cast(let type): type.isFloat
    case .map(let mapping):
      switch mapping {
      case .floor, .ceiling, .not: false
      default: true
      }
    case .combine(let combination):
      switch combination {
      case .equal, .less, .lessOrEqual, .greater, .greaterOrEqual, .and, .or: false
      default: true
      }
    default: true
    }
  }
}
