import WeightFiles

extension OperatorTable {
  /// One element from two or more.
  static let arithmetic: [OperatorRow] = [
    combination("Add", .add), combination("Sub", .subtract), combination("Mul", .multiply),
    combination("Div", .divide),
    OperatorRow("Pow", 2...2) { scope throws(OperatorFault) in
      // The exponent may be of another type.
      try combined(scope, .power, try scope.value(0).type.elementType, mixed: true)
    },
    OperatorRow("Mod", 2...2) { scope throws(OperatorFault) in
      let keepsSign = try scope.flag("fmod")
      let type = try scope.value(0).type.elementType
      guard keepsSign || !type.isFloat else {
        throw OperatorFault(found: "floats with fmod 0", expected: "fmod 1")
      }
      return try combined(scope, .modulo(keepsDividendsSign: keepsSign), type)
    },
    combination("Min", .minimum, inputs: 1...1000), combination("Max", .maximum, inputs: 1...1000),
    comparison("Equal", .equal), comparison("Less", .less), comparison("Greater", .greater),
    comparison("LessOrEqual", since: 12, .lessOrEqual),
    comparison("GreaterOrEqual", since: 12, .greaterOrEqual),
    comparison("And", .and), comparison("Or", .or),
    OperatorRow("PRelu", 2...2) { scope throws(OperatorFault) in
      let (value, slope) = (try scope.value(0), try scope.value(1))
      guard try value.type.shape.broadcast(slope.type.shape) == value.type.shape else {
        throw OperatorFault(
          found: "slopes of \(listed(slope.type.shape))",
          expected: "a shape that fits \(listed(value.type.shape))")
      }
      return .node(.slope, [value, slope], [value.type])
    },
    OperatorRow("Where", since: 9, 3...3) { scope throws(OperatorFault) in
      let values = try scope.values()
      try sameType(Array(values[1...]))
      guard values[0].type.elementType == .bool else {
        throw OperatorFault(found: values[0].type.elementType.rawValue, expected: "truth values")
      }
      return .node(
        .select, values, [ValueType(values[1].type.elementType, try broadcastShape(values))])
    },
  ]

  private static func combination(
    _ name: String, _ combination: Combination, inputs: ClosedRange<Int> = 2...2
  ) -> OperatorRow {
    OperatorRow(name, inputs) { scope throws(OperatorFault) in
      try combined(scope, combination, try scope.value(0).type.elementType)
    }
  }

  private static func comparison(
    _ name: String, since: Int = 7, _ combination: Combination
  ) -> OperatorRow {
    OperatorRow(name, since: since, 2...2) { scope throws(OperatorFault) in
      try combined(scope, combination, .bool)
    }
  }

  private static func combined(
    _ scope: NodeScope, _ combination: Combination, _ type: ElementType, mixed: Bool = false
  ) throws(OperatorFault) -> Outcome {
    let values = try scope.values()
    if !mixed { try sameType(values) }
    return .node(.combine(combination), values, [ValueType(type, try broadcastShape(values))])
  }

  /// Refuses operands of different types.
  static func sameType(_ values: [Value]) throws(OperatorFault) {
    guard Set(values.map(\.type.elementType)).count <= 1 else {
      throw OperatorFault(
        found: values.map(\.type.elementType.rawValue).joined(separator: " and "),
        expected: "one type")
    }
  }

  /// The shape of operands that are broadcast to each other.
  static func broadcastShape(_ values: [Value]) throws(OperatorFault) -> [Int] {
    var shape: [Int] = []
    for value in values { shape = try shape.broadcast(value.type.shape) }
    return shape
  }
}
