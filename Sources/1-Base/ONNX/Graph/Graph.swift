import Files
import WeightFiles

/// The size of an axis as a model declares it.
package enum Dimension: Sendable, Equatable {
  /// A number.
  case fixed(Int)
  /// A name, which stands for the same number in all inputs.
  case symbol(String)
  /// Nothing is said.
  case unknown
}

/// An input or output as a model declares it.
package struct GraphInput: Sendable, Equatable {
  /// Its name.
  package let name: String
  /// The type of its elements; nil if it is no tensor, or of a type that is not read.
  package let elementType: ElementType?
  /// Its axes; nil if nothing is said.
  package let shape: [Dimension]?
}

/// The network of an ONNX file: nodes over named values, without calls of functions.
///
/// Each name is defined once, and before a node reads it. What the operators mean is checked by
/// `plan(for:outputs:limits:)` alone.
package struct Graph: Sendable {
  /// The file, for messages.
  package let path: String
  /// What has to be given: inputs that no initialiser replaces.
  package let inputs: [GraphInput]
  /// What the network gives.
  package let outputs: [GraphInput]
  /// The stored tensors in the file's order, with the names of parameters and buffers.
  package let initialisers: [StoredTensor]
  /// The names of stored tensors that PyTorch's exporter calls something else than a parameter: buffers, and
  /// constants of the code. Empty where it does not say, as in files of its older exporter.
  package let buffers: Set<String>
  /// The operators, each after those whose values it reads.
  package let nodes: [Node]
  /// The version of ONNX's own operators that the model imports.
  package let version: Int
  /// What the exporter wrote beside the network.
  package let metadata: [String: String]
  /// The XXH3 hash of the file's bytes, 32 hexadecimal digits; what lies in other files is not in it.
  package let contentHash: String

  /// Inlines the functions of `model` and checks every name.
  init(
    _ model: ModelMessage, _ reading: ModelReading, contentHash: String
  ) throws(FileError) {
    path = reading.path
    self.contentHash = contentHash
    outputs = model.graph.outputs
    version = model.operatorSets[""] ?? 0
    metadata = model.metadata
    buffers = Set(model.graph.kinds.filter { $0.value != "PARAMETER" }.map(\.key))
    (initialisers, nodes) = try Self.untied(
      model.graph.initialisers, try Inlining.nodes(of: model, reading), reading)
    var defined: [String: String] = [:]
    for tensor in initialisers {
      try Self.define(tensor.name, by: "an initialiser", in: &defined, path)
    }
    // A file of an old format repeats initialisers as inputs; in newer ones that is a default.
    inputs = model.graph.inputs.filter { defined[$0.name] == nil }
    for input in inputs { try Self.define(input.name, by: "an input", in: &defined, path) }
    try check(&defined)
  }

  /// Makes tensors of their own of `Identity` of stored floats that are all one number, under the names that
  /// it gives.
  ///
  /// PyTorch's exporter stores parameters once that are equal, as biases of 0 are: they were several, and
  /// train apart. Others that are equal are one tensor that the network has under two names, and stay one.
  private static func untied(
    _ initialisers: [StoredTensor], _ nodes: [Node], _ reading: ModelReading
  ) throws(FileError) -> ([StoredTensor], [Node]) {
    var tensors = initialisers
    var stored: [String: StoredTensor] = [:]
    for tensor in initialisers where tensor.elementType.isFloat { stored[tensor.name] = tensor }
    var (rest, bytes) = ([Node](), 0)
    for node in nodes {
      guard node.fullName == "Identity", node.inputs.count == 1, node.outputs.count == 1,
        let source = stored[node.inputs[0]], source.isOneNumber
      else {
        rest.append(node)
        continue
      }
      bytes += source.bytes.count
      try reading.check(tensors.count + 1, reading.limits.tensors, "tensors")
      try reading.check(bytes, reading.limits.fileBytes, "bytes of copied tensors")
      let tensor = StoredTensor(
        name: node.outputs[0], elementType: source.elementType, shape: source.shape,
        bytes: source.bytes)
      tensors.append(tensor)
      stored[tensor.name] = tensor
    }
    return (tensors, rest)
  }

  private static func define(
    _ name: String, by what: String, in defined: inout [String: String], _ path: String
  ) throws(FileError) {
    guard !name.isEmpty else {
      throw .refused(path, "graph", found: "\(what) without a name", expected: "a name")
    }
    if let first = defined.updateValue(what, forKey: name) {
      throw .refused(
        path, "graph", found: "\(quoted(name)) as \(first) and as \(what)", expected: "it once")
    }
  }

  /// Checks that nodes read what is defined before them, and define new names.
  private func check(_ defined: inout [String: String]) throws(FileError) {
    for node in nodes {
      for name in node.inputs where !name.isEmpty && defined[name] == nil {
        let later = nodes.first { $0.outputs.contains(name) }
        throw .refused(
          path, node.place,
          found: later.map { "the input \(quoted(name)), which the later \($0.place) gives" }
            ?? "the input \(quoted(name)), which nothing gives",
          expected: "a value from before")
      }
      for name in node.outputs where !name.isEmpty {
        try Self.define(name, by: "an output of \(node.place)", in: &defined, path)
      }
    }
    guard !outputs.isEmpty else {
      throw .refused(path, "graph", found: "no outputs", expected: "one or more")
    }
    var seen: Set<String> = []
    for output in outputs {
      guard defined[output.name] != nil, seen.insert(output.name).inserted else {
        throw .refused(
          path, "graph",
          found: "the output \(quoted(output.name)), "
            + (defined[output.name] == nil ? "which nothing gives" : "twice"),
          expected: "different values of the graph")
      }
    }
  }
}

extension StoredTensor {
  /// Whether all elements have the same bytes.
  fileprivate var isOneNumber: Bool {
    let size = elementType.byteCount
    return bytes.withUnsafeBytes { bytes in
      bytes.indices.dropFirst(size).allSatisfy { bytes[$0] == bytes[$0 - size] }
    }
  }
}
