import Files
import WeightFiles

extension OperatorTable {
  /// Elements that are known beforehand.
  static let constants: [OperatorRow] = [
    OperatorRow("Constant", 0...0) { scope throws(OperatorFault) in try constant(scope) },
    OperatorRow("ConstantOfShape", since: 9) { scope throws(OperatorFault) in
      let shape = try scope.integers(0, in: Sizes.unsigned) ?? []
      var element = Constant(.f32, [], .reals([0]))
      if let attribute = scope.attribute("value") {
        guard case .tensor(let tensor) = attribute, tensor.elementCount == 1 else {
          throw OperatorFault(found: attribute.kind, expected: "a tensor of one element")
        }
        element = Constant(tensor).reshaped([])
      }
      return .filled(element, shape)
    },
    OperatorRow("Shape") { scope throws(OperatorFault) in
      let shape = try scope.value(0).type.shape
      guard scope.version >= 15 else { return .constant(Constant(shape)) }
      func place(_ name: String, _ standard: Int) throws(OperatorFault) -> Int {
        let given = try scope.integer(name, standard, in: Sizes.all)
        return min(max(given < 0 ? max(given, -shape.count) + shape.count : given, 0), shape.count)
      }
      let (start, end) = (try place("start", 0), try place("end", shape.count))
      return .constant(Constant(Array(shape[start..<max(start, end)])))
    },
    OperatorRow("Size") { scope throws(OperatorFault) in
      .constant(Constant(.i64, [], .integers([try scope.value(0).type.count])))
    },
    OperatorRow("Range", since: 11, 3...3) { scope throws(OperatorFault) in
      let values = try scope.values()
      try sameType(values)
      return .constant(
        values[0].type.elementType.isFloat
          ? try realRange(scope, values[0].type.elementType)
          : try integerRange(scope, values[0].type.elementType))
    },
  ]

  private static func constant(_ scope: NodeScope) throws(OperatorFault) -> Outcome {
    guard let name = scope.node.attributes.keys.first, scope.node.attributes.count == 1,
      let attribute = scope.attribute(name)
    else {
      throw OperatorFault(
        found: "\(scope.node.attributes.count) attributes", expected: "the one value")
    }
    switch (name, attribute) {
    case ("value", .tensor(let tensor)): return .stored(tensor)
    case ("value_int", .integer(let value)):
      return .constant(Constant(.i64, [], .integers([value])))
    case ("value_ints", .integers(let values)): return .constant(Constant(values))
    case ("value_float", .real(let value)):
      return .constant(Constant(.f32, [], .reals([Double(value)])))
    case ("value_floats", .reals(let values)):
      return .constant(Constant(.f32, [values.count], .reals(values.map(Double.init))))
    default:
      throw OperatorFault(
        found: "\(attribute.kind) as the attribute \(quoted(name))", expected: "numbers")
    }
  }

  /// The most elements of a range.
  private static let rangeLimit = 1 << 20

  private static func checked(_ count: Int?) throws(OperatorFault) -> Int {
    guard let count, count <= rangeLimit else {
      throw OperatorFault(
        found: "a range of more elements", expected: "at most \(rangeLimit)")
    }
    return max(count, 0)
  }

  private static func integerRange(
    _ scope: NodeScope, _ type: ElementType
  ) throws(OperatorFault) -> Constant {
    guard let start = try scope.integers(0)?.first, let end = try scope.integers(1)?.first,
      let step = try scope.integers(2)?.first, step != 0
    else { throw OperatorFault(found: "no step", expected: "three numbers, and no step of 0") }
    let length = step > 0 ? end - start : start - end
    let size = Int(step.magnitude)
    let count = try checked(length > 0 ? (length - 1) / size + 1 : 0)
    return Constant(type, [count], .integers((0..<count).map { start + $0 * step }))
  }

  private static func realRange(
    _ scope: NodeScope, _ type: ElementType
  ) throws(OperatorFault) -> Constant {
    guard let start = try scope.real(0), let end = try scope.real(1),
      let step = try scope.real(2), step != 0
    else { throw OperatorFault(found: "no step", expected: "three numbers, and no step of 0") }
    let count = try checked(Int(exactly: ((end - start) / step).rounded(.up)))
    return Constant(
      type, [count], .reals((0..<count).map { type.rounded(start + Double($0) * step) }))
  }
}
