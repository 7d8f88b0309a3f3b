import Files
import WeightFiles

/// Why an operator cannot be planned with its operands and attributes.
struct OperatorFault: Error {
  let found: String
  var expected = "a number of its type"
  var advice = "export the network in another way"
}

/// A node with its operands, as the table of operators sees it.
final class NodeScope {
  /// What an input of a node is.
  enum Operand {
    case tensor(Value)
    case sequence([Value])
  }

  let node: Node
  private let path: String
  private let operands: [Operand?]
  /// Attributes that no operator has asked for.
  private var unread: Set<String>

  /// A node with what its inputs are; nil for those that are left out.
  init(_ node: Node, path: String, _ operands: [Operand?]) {
    self.node = node
    self.path = path
    self.operands = operands
    unread = Set(node.attributes.keys)
  }

  /// The version of the node's operators.
  var version: Int { node.version }

  /// How many inputs there are.
  var inputCount: Int { operands.count }

  // MARK: - Operands

  /// An input that must be there.
  func value(_ index: Int) throws(OperatorFault) -> Value {
    guard let value = try optional(index) else {
      throw OperatorFault(found: "no input \(index + 1)", expected: "a tensor")
    }
    return value
  }

  /// An input that may be left out.
  func optional(_ index: Int) throws(OperatorFault) -> Value? {
    guard operands.indices.contains(index), let operand = operands[index] else { return nil }
    guard case .tensor(let value) = operand else {
      throw OperatorFault(found: "a sequence as input \(index + 1)", expected: "a tensor")
    }
    return value
  }

  /// All inputs, of which none may be left out.
  func values() throws(OperatorFault) -> [Value] {
    var values: [Value] = []
    for index in operands.indices { values.append(try value(index)) }
    return values
  }

  /// A sequence that must be there.
  func sequence(_ index: Int) throws(OperatorFault) -> [Value] {
    guard operands.indices.contains(index), case .sequence(let values)? = operands[index] else {
      throw OperatorFault(found: "a tensor as input \(index + 1)", expected: "a sequence")
    }
    return values
  }

  /// An input whose elements must be known; nil if it is left out.
  private func constant(_ index: Int) throws(OperatorFault) -> Constant? {
    guard let value = try optional(index) else { return nil }
    guard let constant = value.constant else {
      throw OperatorFault(
        found: "\(quoted(value.name)), which only the images decide, as input \(index + 1)",
        expected: "a value that follows from shapes and constants")
    }
    return constant
  }

  /// The whole numbers of an input; nil if it is left out.
  func integers(
    _ index: Int, in range: ClosedRange<Int> = Sizes.signed
  ) throws(OperatorFault) -> [Int]? {
    guard let constant = try constant(index) else { return nil }
    guard case .integers(let values) = constant.elements, constant.shape.count <= 1 else {
      throw OperatorFault(
        found: "\(ValueType(constant.type, constant.shape)) as input \(index + 1)",
        expected: "whole numbers along one axis")
    }
    try Sizes.check(values, in: range, "input \(index + 1)")
    return values
  }

  /// The floats of an input; nil if it is left out.
  func reals(_ index: Int) throws(OperatorFault) -> [Double]? {
    try constant(index)?.elements.reals
  }

  /// The one number of an input; nil if it is left out.
  func real(_ index: Int) throws(OperatorFault) -> Double? {
    guard let values = try reals(index) else { return nil }
    guard let value = values.first, values.count == 1 else {
      throw OperatorFault(found: "\(values.count) numbers as input \(index + 1)", expected: "one")
    }
    return value
  }

  // MARK: - Attributes

  /// An attribute, as it is; it counts as read.
  func attribute(_ name: String) -> Attribute? {
    unread.remove(name)
    return node.attributes[name]
  }

  /// A whole number; the default if it is left out.
  func integer(
    _ name: String, _ standard: Int, in range: ClosedRange<Int> = Sizes.signed
  ) throws(OperatorFault) -> Int {
    guard let attribute = attribute(name) else { return standard }
    guard case .integer(let value) = attribute else {
      throw wrong(name, attribute, expected: .integer(0))
    }
    try Sizes.check([value], in: range, name)
    return value
  }

  /// A truth value; the default if it is left out.
  func flag(_ name: String, _ standard: Bool = false) throws(OperatorFault) -> Bool {
    try integer(name, standard ? 1 : 0, in: 0...1) == 1
  }

  /// A float; the default if it is left out.
  func real(_ name: String, _ standard: Float) throws(OperatorFault) -> Double {
    guard let attribute = attribute(name) else { return Double(standard) }
    guard case .real(let value) = attribute else {
      throw wrong(name, attribute, expected: .real(0))
    }
    return Double(value)
  }

  /// A text; the default if it is left out.
  func text(_ name: String, _ standard: String) throws(OperatorFault) -> String {
    guard let attribute = attribute(name) else { return standard }
    guard case .text(let value) = attribute else {
      throw wrong(name, attribute, expected: .text(""))
    }
    return value
  }

  /// One of some words; the default if it is left out.
  func word<Word: RawRepresentable & CaseIterable>(
    _ name: String, _ standard: Word
  ) throws(OperatorFault) -> Word where Word.RawValue == String {
    let text = try text(name, standard.rawValue)
    guard let word = Word(rawValue: text) else {
      throw OperatorFault(
        found: "\(name) \(quoted(text))",
        expected: "one of " + Word.allCases.map(\.rawValue).joined(separator: " "))
    }
    return word
  }

  /// Whole numbers; nil if they are left out.
  func integers(
    _ name: String, in range: ClosedRange<Int> = Sizes.signed
  ) throws(OperatorFault) -> [Int]? {
    guard let attribute = attribute(name) else { return nil }
    guard case .integers(let values) = attribute else {
      throw wrong(name, attribute, expected: .integers([]))
    }
    try Sizes.check(values, in: range, name)
    return values
  }

  private func wrong(
    _ name: String, _ attribute: Attribute, expected: Attribute
  ) -> OperatorFault {
    OperatorFault(
      found: "\(attribute.kind) as the attribute \(quoted(name))", expected: expected.kind)
  }

  // MARK: - Checks

  /// Checks the numbers of inputs and outputs.
  func check(_ row: OperatorRow) throws(OperatorFault) {
    guard row.inputs ~= operands.count, row.outputs ~= node.outputs.count,
      node.outputs.first?.isEmpty == false
    else {
      throw OperatorFault(
        found: "\(operands.count) inputs and \(node.outputs.count) outputs",
        expected: "\(row.inputs.lowerBound) to \(row.inputs.upperBound) and "
          + "\(row.outputs.lowerBound) to \(row.outputs.upperBound), the first one with a name")
    }
  }

  /// Refuses attributes that the operator has not asked for: they might change what it computes.
  func checkAttributes() throws(OperatorFault) {
    guard let name = unread.min() else { return }
    throw OperatorFault(
      found: "the attribute \(quoted(name))", expected: "one of opset \(version)")
  }

  /// An error that names file, node and opset.
  func refused(_ fault: OperatorFault) -> FileError {
    .refused(
      path, "\(node.place) (opset \(version))", found: fault.found, expected: fault.expected,
      advice: fault.advice)
  }
}

/// Ranges of numbers that shapes are computed with: products of two of them do not overflow.
enum Sizes {
  /// Sizes and counts.
  static let unsigned = 0...Int(Int32.max)
  /// Sizes and counts that may not be 0.
  static let positive = 1...Int(Int32.max)
  /// Axes, offsets and paddings, which may be negative.
  static let signed = -Int(Int32.max)...Int(Int32.max)
  /// Anything.
  static let all = Int.min...Int.max

  /// Refuses numbers outside of a range.
  static func check(
    _ values: [Int], in range: ClosedRange<Int>, _ name: String
  ) throws(OperatorFault) {
    guard let wrong = values.first(where: { !(range ~= $0) }) else { return }
    throw OperatorFault(
      found: "\(wrong) in \(name)", expected: "\(range.lowerBound) to \(range.upperBound)")
  }
}
