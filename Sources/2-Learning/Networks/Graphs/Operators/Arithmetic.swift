import ONNX
import Torch
import WeightFiles

extension GraphKernels {
  static func combined(
    _ node: GraphNode, _ combination: Plan.Combination
  ) throws(KernelFault) -> GraphKernel {
    let function = try function(node, combination)
    let result = node.result
    return { operands in
      let values = operands.all.map { $0.broadcast(to: result) }
      let total = values.dropFirst().reduce(values[0], function)
      // Of operands that LibTorch repeats, none may have the result's shape.
      return [total.expanded([operands.count] + result)]
    }
  }

  private static func function(
    _ node: GraphNode, _ combination: Plan.Combination
  ) throws(KernelFault) -> (Tensor, Tensor) -> Tensor {
    switch combination {
    case .add: return { $0 + $1 }
    case .subtract: return { $0 - $1 }
    case .multiply: return { $0 * $1 }
    case .minimum: return { $0.minimum($1) }
    case .maximum: return { $0.maximum($1) }
    case .equal: return { $0.equal($1) }
    case .less: return { $1.greater(than: $0) }
    case .lessOrEqual: return { $0.atMost($1) }
    case .greater: return { $0.greater(than: $1) }
    case .greaterOrEqual: return { $1.atMost($0) }
    case .and: return { $0.and($1) }
    case .or: return { $0.or($1) }
    case .divide:
      try node.requireFloats()
      return { $0 / $1 }
    case .modulo(let keepsDividendsSign):
      try node.requireFloats()
      return { a, b in
        let quotient = a / b
        let whole =
          keepsDividendsSign
          ? quotient.atLeast(0).choose(quotient.floor, quotient.ceiling) : quotient.floor
        return a - whole.detached * b
      }
    case .power:
      guard node.inputs[0].elementType.isFloat else {
        throw KernelFault(found: "powers of \(node.inputs[0])", expected: "floats")
      }
      guard let exponent = node.shared[1], exponent.count == 1, !exponent.requiresGradient else {
        // Of positive numbers, as LibTorch's own is not rounded alike everywhere.
        return { ($0.log * $1.to($0.type)).exp }
      }
      let value = exponent.item
      return { base, _ in base.power(value) }
    }
  }

  /// PRelu: x, or the slope times x where it is negative.
  static func sloped(_ node: GraphNode) throws(KernelFault) -> GraphKernel {
    try node.requireFloats()
    let shape = node.operand
    return { operands in
      let x = operands[0]
      return [x.relu - (-x).relu * operands[1].broadcast(to: shape)]
    }
  }

  static func selected(_ node: GraphNode) -> GraphKernel {
    let result = node.result
    return { operands in
      let values = operands.all.map { $0.broadcast(to: result) }
      return [values[0].choose(values[1], values[2]).expanded([operands.count] + result)]
    }
  }

  /// Another type. All floats are of one type here, and all whole numbers of another one.
  static func cast(_ node: GraphNode, to type: WeightFiles.ElementType) -> GraphKernel {
    let isFloat = node.inputs[0].elementType.isFloat
    return { operands in
      let x = operands[0]
      switch type {
      case .bool: return [x.type == .bool ? x : x.notEqual(0)]
      case let type where type.isFloat:
        return [isFloat ? x : x.to(operands.type)]
      default: return [x.detached.to(.int64)]
      }
    }
  }
}

extension Tensor {
  /// The elements to the power of a number: by products where it is a small whole number, and a root.
  fileprivate func power(_ exponent: Double) -> Tensor {
    if exponent < 0 { return power(-exponent).inverse }
    switch exponent {
    case 0: return zerosLike + 1
    case 0.5: return squareRoot
    case 1...64 where exponent == exponent.rounded():
      return (1..<Int(exponent)).reduce(self) { product, _ in product * self }
    default: return (log * exponent).exp
    }
  }
}
