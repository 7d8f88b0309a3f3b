import Files
import WeightFiles

/// Plans a network node by node: finds types and shapes, and computes what is known beforehand.
struct Planner {
  /// Stored tensors of floats up to this size may be arguments, such as scales; larger ones are weights.
  private static let argumentCount = 64

  /// What a name stands for.
  private enum Entry {
    case tensor(Value)
    case sequence([Value])
  }

  private let graph: Graph
  private let limits: Limits
  private let input: String
  private let initialisers: [String: StoredTensor]
  private var entries: [String: Entry] = [:]
  private var nodes: [(node: Plan.Node, operands: [Value], results: [Value])] = []
  private var work = 0

  init(_ graph: Graph, input: (name: String, type: ValueType), limits: Limits) throws(FileError) {
    self.graph = graph
    self.limits = limits
    self.input = input.name
    initialisers = Dictionary(
      graph.initialisers.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    try define(input.name, .tensor(Value(name: input.name, type: input.type)), "graph")
  }

  /// Plans a node whose operator is known; its operands have been added.
  mutating func add(_ node: Node) throws(FileError) {
    guard let row = OperatorTable.row(node) else { return }
    let scope = NodeScope(node, path: graph.path, try operands(of: node))
    let outcome: Outcome
    do throws(OperatorFault) {
      try scope.check(row)
      outcome = try row.outcome(scope)
      try scope.checkAttributes()
    } catch {
      throw scope.refused(error)
    }
    switch outcome {
    case .same(let value): try define(node.outputs[0], .tensor(value), node.place)
    case .constant(let constant):
      try spend(constant.count, node)
      let type = ValueType(constant.type, constant.shape)
      try check(type, node)
      try define(
        node.outputs[0],
        .tensor(Value(name: node.outputs[0], type: type, constant: constant)), node.place)
    case .stored(let tensor):
      var value = try stored(
        tensor, as: node.outputs[0], node, isParameter: false, limit: limits.constantElements)
      value.tensor = tensor
      try define(value.name, .tensor(value), node.place)
    case .node(let operation, let operands, let types):
      let values = try results(node, operation, operands, types, names: node.outputs)
      for value in values { try define(value.name, .tensor(value), node.place) }
    case .filled(let element, let shape):
      let value = Value(
        name: "\(node.outputs[0])#", type: ValueType(element.type, []), constant: element)
      try define(value.name, .tensor(value), node.place)
      let type = ValueType(element.type, shape)
      for value in try results(node, .expand, [value], [type], names: node.outputs) {
        try define(value.name, .tensor(value), node.place)
      }
    case .sequence(let operation, let operand, let types):
      let names = types.indices.map { "\(node.outputs[0])[\($0)]" }
      let values = try results(node, operation, [operand], types, names: names)
      for value in values { try define(value.name, .tensor(value), node.place) }
      try define(node.outputs[0], .sequence(values), node.place)
    }
  }

  /// The plan of the nodes that were added, without those that these outputs do not need after all.
  func plan(_ outputs: [String]) throws(FileError) -> Plan {
    var results: [Plan.Output] = []
    var needed: [String: Value] = [:]
    for name in outputs {
      let value: Value
      if case .tensor(let found)? = entries[name] {
        value = found
      } else if let tensor = initialisers[name] {
        value = Value(name: name, type: ValueType(tensor.elementType, tensor.shape))
      } else {
        throw .refused(
          graph.path, "output \(quoted(name))", found: "a sequence or a further result",
          expected: "a tensor", advice: "export a network that gives logits")
      }
      results.append(Plan.Output(name: name, value: value.name))
      needed[value.name] = value
    }
    var kept: [Plan.Node] = []
    for (node, operands, values) in nodes.reversed()
    where values.contains(where: { needed[$0.name] != nil }) {
      kept.append(node)
      for value in operands + values { needed[value.name] = value }
    }
    return Plan(
      input: input, outputs: results, nodes: kept.reversed(),
      initialisers: graph.initialisers.filter { needed[$0.name] != nil },
      constants: needed.values.filter { !$0.isStored && initialisers[$0.name] == nil }
        .sorted { $0.name < $1.name }.compactMap(\.known),
      values: needed.mapValues(\.type))
  }

  private mutating func define(
    _ name: String, _ entry: Entry, _ place: String
  ) throws(FileError) {
    guard initialisers[name] == nil, entries.updateValue(entry, forKey: name) == nil else {
      throw .refused(
        graph.path, place, found: "the value \(quoted(name)) again", expected: "it once")
    }
  }

  /// What a node reads; nil where an input is left out.
  private mutating func operands(of node: Node) throws(FileError) -> [NodeScope.Operand?] {
    var operands: [NodeScope.Operand?] = []
    for name in node.inputs {
      guard !name.isEmpty else {
        operands.append(nil)
        continue
      }
      switch entries[name] {
      case .tensor(let value): operands.append(.tensor(value))
      case .sequence(let values): operands.append(.sequence(values))
      case nil:
        guard let tensor = initialisers[name] else {
          throw .refused(
            graph.path, node.place, found: "the input \(quoted(name)), which is not computed",
            expected: "a first result of a node", advice: "export the network without it")
        }
        let isParameter = tensor.elementType.isFloat
        let value = try stored(
          tensor, as: name, node, isParameter: isParameter,
          limit: isParameter ? Self.argumentCount : limits.constantElements)
        entries[name] = .tensor(value)
        operands.append(.tensor(value))
      }
    }
    return operands
  }

  /// A tensor of the file, whose elements are read if they are no more than the limit.
  private mutating func stored(
    _ tensor: StoredTensor, as name: String, _ node: Node, isParameter: Bool, limit: Int
  ) throws(FileError) -> Value {
    let type = ValueType(tensor.elementType, tensor.shape)
    try check(type, node)
    var value = Value(name: name, type: type, isStored: isParameter)
    if tensor.elementCount <= limit {
      try spend(tensor.elementCount, node)
      value.constant = Constant(tensor)
    }
    return value
  }

  /// The values that an operation gives: computed if all operands are constants, otherwise by a node.
  ///
  /// What comes from a stored tensor is both: a node for training, and numbers for arguments.
  private mutating func results(
    _ node: Node, _ operation: Operation, _ operands: [Value], _ types: [ValueType],
    names: [String]
  ) throws(FileError) -> [Value] {
    for type in types { try check(type, node) }
    // A result that has no name in the file still has a place.
    let names = types.indices.map {
      $0 < names.count && !names[$0].isEmpty ? names[$0] : "\(node.outputs[0])#\($0)"
    }
    var values = zip(names, types).map { Value(name: $0, type: $1) }
    let constants = operands.compactMap(\.constant)
    let isStored = operands.contains(where: \.isStored)
    if constants.count == operands.count,
      types.allSatisfy({ $0.count <= (isStored ? Self.argumentCount : limits.constantElements) })
    {
      try spend((constants.map(\.count) + types.map(\.count)).reduce(0, +), node)
      let known: [Constant]?
      do throws(OperatorFault) {
        known = try operation.evaluated(constants, types)
      } catch {
        throw NodeScope(node, path: graph.path, []).refused(error)
      }
      if let known {
        for (index, constant) in known.enumerated() {
          values[index].constant = constant
          values[index].isStored = isStored
        }
        if !isStored { return values }
      }
    }
    nodes.append(
      (
        Plan.Node(
          name: node.name, operation: operation, inputs: operands.map(\.name),
          outputs: values.map(\.name)), operands, values
      ))
    return values
  }

  private func check(_ type: ValueType, _ node: Node) throws(FileError) {
    guard type.isWithin(limits) else {
      throw .refused(
        graph.path, node.place, found: "a tensor \(type)",
        expected: "at most \(limits.axes) sizes of 0 to 2^31 - 1, and at most "
          + "\(limits.valueElements) elements", advice: "give smaller images")
    }
  }

  private mutating func spend(_ count: Int, _ node: Node) throws(FileError) {
    work += count
    guard work <= limits.constantWork else {
      throw .refused(
        graph.path, node.place, found: "more work on constants",
        expected: "at most \(limits.constantWork) elements",
        advice: "export the network with its constants folded")
    }
  }
}
