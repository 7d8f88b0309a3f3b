import Files
import WeightFiles

extension OperatorTable {
  /// Products of matrices.
  static let products: [OperatorRow] = [
    OperatorRow("Gemm", 2...3) { scope throws(OperatorFault) in
      let values = try scope.values()
      try sameType(values)
      let (transposesA, transposesB) = (try scope.flag("transA"), try scope.flag("transB"))
      var (a, b) = (values[0].type.shape, values[1].type.shape)
      if transposesA { a.reverse() }
      if transposesB { b.reverse() }
      guard a.count == 2, b.count == 2, a[1] == b[0] else { throw unfit(a, b) }
      let shape = [a[0], b[1]]
      if values.count > 2 {
        guard try shape.broadcast(values[2].type.shape) == shape else {
          throw unfit(shape, values[2].type.shape)
        }
      }
      return .node(
        .gemm(
          alpha: try scope.real("alpha", 1), beta: try scope.real("beta", 1),
          transposesA: transposesA, transposesB: transposesB), values,
        [ValueType(values[0].type.elementType, shape)])
    },
    OperatorRow("MatMul", 2...2) { scope throws(OperatorFault) in
      let values = try scope.values()
      try sameType(values)
      let (a, b) = (values[0].type.shape, values[1].type.shape)
      guard let inner = a.last, !b.isEmpty, inner == (b.count == 1 ? b[0] : b[b.count - 2]) else {
        throw unfit(a, b)
      }
      // A vector is a matrix of one row on the left, of one column on the right.
      let before = try Array(a.dropLast(2)).broadcast(Array(b.dropLast(2)))
      let rows = a.count == 1 ? [] : [a[a.count - 2]]
      let columns = b.count == 1 ? [] : [b[b.count - 1]]
      return .node(
        .matrixProduct, values,
        [ValueType(values[0].type.elementType, before + rows + columns)])
    },
    OperatorRow("Einsum", since: 12, 1...8) { scope throws(OperatorFault) in
      let values = try scope.values()
      try sameType(values)
      let equation = try Equation(try scope.text("equation", ""))
      return .node(
        .einsum(equation.text), values,
        [ValueType(values[0].type.elementType, try equation.shape(values.map(\.type.shape)))])
    },
  ]

  private static func unfit(_ first: [Int], _ second: [Int]) -> OperatorFault {
    OperatorFault(
      found: "the shapes \(listed(first)) and \(listed(second))", expected: "matrices that fit")
  }
}

/// The equation of an einsum: letters of each operand's axes, and of the result's; no ellipsis, and no
/// letter twice in an operand.
private struct Equation {
  let operands: [[Character]]
  let result: [Character]

  /// The equation in its plain form.
  var text: String {
    operands.map { String($0) }.joined(separator: ",") + "->" + String(result)
  }

  init(_ text: String) throws(OperatorFault) {
    // Longer ones have a letter twice; the message would be long too.
    let plain = text.prefix(1000).filter { $0 != " " }
    let fault = OperatorFault(
      found: "the equation \(quoted(text))", expected: "letters as in 'ij,jk->ik', each once")
    let (left, right): (String, String?) =
      if let arrow = plain.firstRange(of: "->") {
        (String(plain[..<arrow.lowerBound]), String(plain[arrow.upperBound...]))
      } else {
        (plain, nil)
      }
    operands = left.split(separator: ",", omittingEmptySubsequences: false).map(Array.init)
    let letters = operands.joined()
    // Without an arrow the result has the letters that stand once, in the order of the alphabet.
    result =
      right.map(Array.init)
      ?? letters.filter { letter in letters.count(where: { $0 == letter }) == 1 }.sorted()
    guard (operands + [result]).allSatisfy({ Set($0).count == $0.count }),
      letters.allSatisfy({ $0.isASCII && $0.isLetter }), Set(result).isSubset(of: letters)
    else { throw fault }
  }

  func shape(_ shapes: [[Int]]) throws(OperatorFault) -> [Int] {
    var sizes: [Character: Int] = [:]
    let isFitting =
      shapes.count == operands.count
      && zip(shapes, operands).allSatisfy { shape, letters in
        shape.count == letters.count
          && zip(shape, letters).allSatisfy { (sizes.updateValue($0, forKey: $1) ?? $0) == $0 }
      }
    guard isFitting else {
      throw OperatorFault(
        found: shapes.map(listed).joined(separator: " "), expected: "shapes that fit \(text)")
    }
    return result.compactMap { sizes[$0] }
  }
}
