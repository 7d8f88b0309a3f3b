import Files
import WeightFiles

/// An operator of ONNX: its name, the version it begins with, how many inputs and outputs it may have,
/// and what it does.
struct OperatorRow: Sendable {
  let name: String
  let since: Int
  let inputs: ClosedRange<Int>
  let outputs: ClosedRange<Int>
  let outcome: @Sendable (NodeScope) throws(OperatorFault) -> Outcome

  init(
    _ name: String, since: Int = 1, _ inputs: ClosedRange<Int> = 1...1,
    outputs: ClosedRange<Int> = 1...1,
    _ outcome: @escaping @Sendable (NodeScope) throws(OperatorFault) -> Outcome
  ) {
    self.name = name
    self.since = since
    self.inputs = inputs
    self.outputs = outputs
    self.outcome = outcome
  }
}

/// All operators that are known; a new one is a row in one of these files.
enum OperatorTable {
  private static let rows: [String: OperatorRow] = {
    let groups = [
      arithmetic, mappings, convolutions, pooling, normalisations, products, reductions, resizing,
      shapes, arrangements, selections, sequences, constants,
    ]
    return Dictionary(
      groups.joined().map { ($0.name, $0) },
      uniquingKeysWith: { first, _ in preconditionFailure("two rows of \(first.name)") })
  }()

  /// The row of a node's operator; nil if it is not known, or not in the node's version.
  static func row(_ node: Node) -> OperatorRow? {
    guard node.domain.isEmpty, let row = rows[node.operatorName], row.since <= node.version else {
      return nil
    }
    return row
  }

  /// Checks that all operators are known.
  ///
  /// - Throws: `FileError` that names the first node of another operator, and lists all others.
  static func check(_ nodes: [Node], path: String) throws(FileError) {
    let missing = nodes.filter { row($0) == nil }
    guard let first = missing.first else { return }
    var counts: [String: Int] = [:]
    for node in missing { counts[node.fullName, default: 0] += 1 }
    let list = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
    let shown = list.prefix(16).map { "\(oneLine($0.key)) (\($0.value))" }
    throw .refused(
      path, first.place,
      found: "the operator \(quoted(first.fullName)) of opset \(first.version)",
      expected: "those that are known: \(nodes.count - missing.count) of \(nodes.count) nodes are, "
        + "unknown are " + shown.joined(separator: ", ")
        + (list.count > shown.count ? " and \(list.count - shown.count) more" : ""),
      advice: "export the network without them")
  }
}
