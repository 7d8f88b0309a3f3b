import Files
import WeightFiles

extension OperatorTable {
  /// One element from one.
  static let mappings: [OperatorRow] = [
    mapping("Relu", .relu), mapping("Sigmoid", .sigmoid), mapping("Tanh", .tanh),
    mapping("HardSwish", since: 14, .hardSwish), mapping("Mish", since: 18, .mish),
    mapping("Softplus", .softplus), mapping("Erf", since: 9, .erf), mapping("Exp", .exponential),
    mapping("Log", .logarithm), mapping("Sqrt", .squareRoot), mapping("Reciprocal", .reciprocal),
    mapping("Abs", .absolute), mapping("Neg", .negative), mapping("Floor", .floor),
    mapping("Ceil", .ceiling), mapping("Not", .not),
    OperatorRow("LeakyRelu") { scope throws(OperatorFault) in
      try mapped(scope, .leakyRelu(alpha: try scope.real("alpha", 0.01)))
    },
    OperatorRow("Elu") { scope throws(OperatorFault) in
      try mapped(scope, .elu(alpha: try scope.real("alpha", 1)))
    },
    OperatorRow("Selu") { scope throws(OperatorFault) in
      try mapped(
        scope,
        .selu(
          alpha: try scope.real("alpha", 1.673_263_2),
          gamma: try scope.real("gamma", 1.050_701_0)))
    },
    OperatorRow("HardSigmoid") { scope throws(OperatorFault) in
      try mapped(
        scope,
        .hardSigmoid(alpha: try scope.real("alpha", 0.2), beta: try scope.real("beta", 0.5)))
    },
    OperatorRow("Gelu", since: 20) { scope throws(OperatorFault) in
      let name = try scope.text("approximate", "none")
      guard ["none", "tanh"].contains(name) else {
        throw OperatorFault(found: "approximate \(quoted(name))", expected: "none or tanh")
      }
      return try mapped(scope, .gelu(isApproximated: name == "tanh"))
    },
    OperatorRow("Clip", 1...3) { scope throws(OperatorFault) in
      let least = try scope.real(1) ?? -.infinity
      let most = try scope.real(2) ?? .infinity
      guard least <= most else {
        throw OperatorFault(found: "bounds \(least) and \(most)", expected: "a lower and an upper")
      }
      return try mapped(scope, .clip(least...most))
    },
    OperatorRow("Cast") { scope throws(OperatorFault) in
      // Only 8-bit floats, which are not read, saturate or are rounded otherwise.
      _ = try scope.flag("saturate", true)
      guard case .integer(let number)? = scope.attribute("to"),
        let type = ElementType(onnx: number)
      else {
        throw OperatorFault(
          found: "a cast to another type", expected: "one of \(ElementType.onnxNames)")
      }
      return cast(try scope.value(0), to: type)
    },
    OperatorRow("CastLike", since: 15, 2...2) { scope throws(OperatorFault) in
      _ = try scope.flag("saturate", true)
      return cast(try scope.value(0), to: try scope.value(1).type.elementType)
    },
    OperatorRow("Identity") { scope throws(OperatorFault) in .same(try scope.value(0)) },
    OperatorRow("Dropout", 1...3, outputs: 1...2) { scope throws(OperatorFault) in
      let value = try scope.value(0)
      _ = scope.attribute("seed")
      guard scope.version >= 12 else {
        return .node(.dropout(ratio: try scope.real("ratio", 0.5)), [value], [value.type])
      }
      let ratio = try scope.real(1) ?? 0.5
      // What is written for evaluation drops nothing.
      guard try scope.real(2) ?? 0 != 0 else { return .same(value) }
      return .node(.dropout(ratio: ratio), [value], [value.type])
    },
  ]

  private static func mapping(_ name: String, since: Int = 1, _ mapping: Mapping) -> OperatorRow {
    OperatorRow(name, since: since) { scope throws(OperatorFault) in try mapped(scope, mapping) }
  }

  private static func mapped(
    _ scope: NodeScope, _ mapping: Mapping
  ) throws(OperatorFault) -> Outcome {
    let value = try scope.value(0)
    guard (mapping == .not) == (value.type.elementType == .bool) else {
      throw OperatorFault(
        found: value.type.elementType.rawValue,
        expected: mapping == .not ? "truth values" : "numbers")
    }
    return .node(.map(mapping), [value], [value.type])
  }

  private static func cast(_ value: Value, to type: ElementType) -> Outcome {
    guard type != value.type.elementType else { return .same(value) }
    return .node(.cast(type), [value], [ValueType(type, value.type.shape)])
  }
}
