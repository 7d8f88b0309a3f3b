import Files

/// Nodes of a model without calls of its functions: each call is replaced by the function's nodes.
///
/// A function's own names get the number of the call in front, so that they differ from all others.
struct Inlining {
  /// What a body of nodes stands in: the functions around it and what it was called with.
  private struct Scope {
    /// The calls around it, the innermost last.
    var active: [FunctionKey] = []
    var operatorSets: [String: Int]
    /// The values of a function's inputs and outputs outside of it; nil in the graph itself.
    var names: [String: String]?
    /// What stands in front of a function's other names.
    var prefix = ""
    var attributes: [String: AttributeMessage] = [:]

    /// The name outside of the function.
    func name(_ local: String) -> String {
      guard let names, !local.isEmpty else { return local }
      return names[local] ?? prefix + local
    }
  }

  private let functions: [FunctionKey: FunctionMessage]
  private let reading: ModelReading
  private var nodes: [Node] = []
  private var visited = 0
  private var calls = 0

  /// The nodes of a model's graph; calls among functions may be neither recursive nor too many.
  static func nodes(
    of model: ModelMessage, _ reading: ModelReading
  ) throws(FileError) -> [Node] {
    var inlining = Inlining(functions: model.functions, reading: reading)
    try inlining.add(model.graph.nodes, Scope(operatorSets: model.operatorSets))
    return inlining.nodes
  }

  private init(functions: [FunctionKey: FunctionMessage], reading: ModelReading) {
    self.functions = functions
    self.reading = reading
  }

  private mutating func add(_ body: [NodeMessage], _ scope: Scope) throws(FileError) {
    for message in body {
      visited += 1
      try reading.check(visited, reading.limits.nodes, "nodes")
      try reading.spend(message.inputs)
      try reading.spend(message.outputs + [message.name])
      try reading.spend(message.attributes.count)
      if let function = functions[message.call] {
        try call(function, by: message, scope)
      } else {
        nodes.append(try node(message, scope))
      }
    }
  }

  private func node(_ message: NodeMessage, _ scope: Scope) throws(FileError) -> Node {
    var node = Node(
      name: message.name.isEmpty ? "" : scope.prefix + message.name,
      operatorName: message.operatorName, domain: message.domain,
      version: scope.operatorSets[message.domain] ?? 0,
      inputs: message.inputs.map(scope.name), outputs: message.outputs.map(scope.name),
      attributes: [:])
    node.attributes = try attributes(message, scope).mapValues(\.value)
    return node
  }

  /// The attributes of a node with the values that a call gave; one that nothing gives is left out.
  private func attributes(
    _ message: NodeMessage, _ scope: Scope
  ) throws(FileError) -> [String: AttributeMessage] {
    var attributes: [String: AttributeMessage] = [:]
    for (name, attribute) in message.attributes {
      guard !attribute.reference.isEmpty else {
        attributes[name] = attribute
        continue
      }
      guard scope.names != nil else {
        throw refused(
          message, found: "the attribute \(quoted(name)) of a function around it",
          expected: "a value: this node is in no function")
      }
      guard let given = scope.attributes[attribute.reference] else { continue }
      guard given.type == attribute.type else {
        throw refused(
          message, found: "\(given.value.kind) for the attribute \(quoted(name))",
          expected: "type \(attribute.type)")
      }
      attributes[name] = given
    }
    return attributes
  }

  private mutating func call(
    _ function: FunctionMessage, by message: NodeMessage, _ outer: Scope
  ) throws(FileError) {
    guard !outer.active.contains(function.key) else {
      throw refused(
        message, found: "a function that calls itself", expected: "functions without recursion")
    }
    guard outer.active.count < reading.limits.depth else {
      throw refused(
        message, found: "deeper calls", expected: "at most \(reading.limits.depth) levels")
    }
    guard message.inputs.count <= function.inputs.count,
      message.outputs.count <= function.outputs.count
    else {
      throw refused(
        message, found: "\(message.inputs.count) inputs and \(message.outputs.count) outputs",
        expected: "at most \(function.inputs.count) and \(function.outputs.count)")
    }
    calls += 1
    var scope = Scope(
      active: outer.active + [function.key],
      operatorSets: function.operatorSets, prefix: "call\(calls):")
    var names: [String: String] = [:]
    for (index, local) in function.inputs.enumerated() {
      // One that is left out stays so.
      names[local] = index < message.inputs.count ? outer.name(message.inputs[index]) : ""
    }
    var passed: [(input: String, output: String)] = []
    for (local, given) in zip(function.outputs, message.outputs) where !given.isEmpty {
      if let input = names[local], function.inputs.contains(local) {
        passed.append((input, outer.name(given)))
      } else {
        names[local] = outer.name(given)
      }
    }
    scope.names = names
    scope.attributes = try arguments(of: function, message, outer)
    try add(function.nodes, scope)
    for (input, output) in passed {
      nodes.append(
        Node(
          name: "", operatorName: "Identity", domain: "",
          version: OperatorSet.versions.lowerBound, inputs: [input], outputs: [output],
          attributes: [:]))
    }
  }

  /// The values of a function's attributes: those of the call, and the function's own for the others.
  private func arguments(
    of function: FunctionMessage, _ message: NodeMessage, _ outer: Scope
  ) throws(FileError) -> [String: AttributeMessage] {
    let given = try attributes(message, outer)
    for name in given.keys.sorted() where function.attributes[name] == nil {
      throw refused(
        message, found: "the attribute \(quoted(name))",
        expected: "one of \(function.attributes.keys.sorted().map(quoted).joined(separator: " "))")
    }
    return function.attributes.compactMapValues { $0 }.merging(given) { $1 }
  }

  private func refused(
    _ message: NodeMessage, found: String, expected: String
  ) -> FileError {
    .refused(reading.path, message.place, found: found, expected: expected)
  }
}
