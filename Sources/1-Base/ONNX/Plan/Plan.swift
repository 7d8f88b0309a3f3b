import Files
import WeightFiles

/// A network for images of one shape: operations over values whose types and shapes are all known.
///
/// What depends on shapes and constants alone has been computed. Constants and parameters are tensors
/// that nodes read by name, as they read what other nodes give.
package struct Plan: Sendable {
  /// An operation with the names of what it reads and gives.
  package struct Node: Sendable {
    /// The node's name in the file, for messages.
    package let name: String
    /// What it computes.
    package let operation: Operation
    /// The values that it reads; those that may be left out are the last ones, and are not there.
    package let inputs: [String]
    /// The values that it gives.
    package let outputs: [String]
  }

  /// A result of the network: its name, and the value that it is.
  package struct Output: Sendable, Equatable {
    /// The name of the graph's output.
    package let name: String
    /// The value of that content; another name where the graph only renames it.
    package let value: String
  }

  /// The name of the images' value.
  package let input: String
  /// The results, in the order in which they were asked for.
  package let outputs: [Output]
  /// What is to be computed, in order; nothing that no output needs.
  package let nodes: [Node]
  /// The initialisers that nodes or outputs need.
  package let initialisers: [StoredTensor]
  /// The values known beforehand that nodes or outputs need.
  package let constants: [StoredTensor]
  /// Type and shape of every value that is named above.
  package let values: [String: ValueType]
}

extension Graph {
  /// Plans the network for images of one shape.
  ///
  /// - Parameters:
  ///   - shape: the shape of the graph's one input, `[N, C, H, W]`.
  ///   - wanted: the outputs that are needed; nil for all.
  ///   - limits: what constants and values may take at most.
  /// - Throws: `FileError` that names the node, for an operator that is not known, for shapes that do not
  ///   fit, and for an argument that only the images would decide.
  package func plan(
    for shape: [Int], outputs wanted: [String]? = nil, limits: Limits = Limits()
  ) throws(FileError) -> Plan {
    let outputs = wanted ?? self.outputs.map(\.name)
    for name in outputs where !self.outputs.contains(where: { $0.name == name }) {
      throw .refused(
        path, "graph", found: "no output \(quoted(name))",
        expected: "one of " + self.outputs.map { quoted($0.name) }.joined(separator: " "),
        advice: "choose one of them")
    }
    let needed = needed(for: outputs)
    try OperatorTable.check(needed, path: path)
    var planner = try Planner(self, input: checkedInput(shape), limits: limits)
    for node in needed { try planner.add(node) }
    return try planner.plan(outputs)
  }

  /// The nodes that these outputs need, in order.
  private func needed(for outputs: [String]) -> [Node] {
    var names = Set(outputs)
    var needed: [Node] = []
    for node in nodes.reversed() where node.outputs.contains(where: names.contains) {
      needed.append(node)
      names.formUnion(node.inputs)
    }
    return needed.reversed()
  }

  /// The one input with the shape that is asked for, which must be one of those that it declares.
  private func checkedInput(_ shape: [Int]) throws(FileError) -> (String, ValueType) {
    guard let input = inputs.first, inputs.count == 1 else {
      throw .refused(
        path, "graph",
        found: inputs.isEmpty
          ? "no inputs" : "the inputs " + inputs.map { quoted($0.name) }.joined(separator: " "),
        expected: "one: the images", advice: "export a network of images alone")
    }
    guard let elementType = input.elementType, elementType.isFloat else {
      throw .refused(
        path, "input \(quoted(input.name))", found: input.elementType?.rawValue ?? "another type",
        expected: "floats", advice: "export the network in float32")
    }
    let declared = input.shape ?? shape.map { _ in .unknown }
    var symbols: [String: Int] = [:]
    let isFitting =
      declared.count == shape.count
      && zip(declared, shape).allSatisfy { declared, size in
        switch declared {
        case .fixed(let number): number == size
        case .symbol(let name): symbols.updateValue(size, forKey: name) ?? size == size
        case .unknown: true
        }
      }
    guard isFitting, !shape.contains(where: { $0 < 1 }) else {
      throw .refused(
        path, "input \(quoted(input.name))", found: "images of \(listed(shape))",
        expected: "[" + declared.map(\.description).joined(separator: ", ") + "]",
        advice: "export the network with dynamic axes, or give it such images")
    }
    return (input.name, ValueType(elementType, shape))
  }
}

extension Dimension: CustomStringConvertible {
  /// The number or name; a question mark if nothing is said.
  package var description: String {
    switch self {
    case .fixed(let number): "\(number)"
    case .symbol(let name): oneLine(name)
    case .unknown: "?"
    }
  }
}
