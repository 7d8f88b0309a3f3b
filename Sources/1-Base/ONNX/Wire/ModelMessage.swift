import Files
import WeightFiles

/// A `ModelProto`: ir_version 1, graph 7, opset_import 8, metadata_props 14, functions 25.
struct ModelMessage {
  /// The versions of the file format that are read.
  private static let formats = 3...13

  private(set) var operatorSets: [String: Int] = [:]
  private(set) var metadata: [String: String] = [:]
  private(set) var functions: [FunctionKey: FunctionMessage] = [:]
  let graph: GraphMessage

  init(_ message: WireReader, _ reading: ModelReading) throws(FileError) {
    var reader = message
    var format = 0
    var graph: GraphMessage?
    while let field = try reader.next() {
      switch field.number {
      case 1: format = try reader.integer(field)
      case 7: graph = try GraphMessage(try reader.onlyMessage(field, "graph"), reading)
      case 8:
        try OperatorSet.read(
          try reader.message(field, "opset_import"), reading, into: &operatorSets)
      case 14:
        let pair = try TextPair.read(try reader.message(field, "metadata"), reading)
        metadata[pair.key] = pair.value
        try reading.check(metadata.count, 1000, "metadata")
      case 25:
        try reading.check(functions.count + 1, reading.limits.functions, "functions")
        let function = try FunctionMessage(try reader.message(field, "function"), reading)
        guard functions.updateValue(function, forKey: function.key) == nil else {
          throw reader.refused(
            at: field.start, found: "the function \(quoted(function.key.name)) again",
            expected: "it once")
        }
      default: break
      }
    }
    guard Self.formats ~= format, let graph else {
      throw .refused(
        message.path, found: graph == nil ? "no graph" : "version \(format) of the format",
        expected: "an ONNX model of versions \(Self.formats.lowerBound) to "
          + "\(Self.formats.upperBound)", advice: "export the network to ONNX again")
    }
    guard operatorSets[""] != nil else {
      throw .refused(
        message.path, found: "no version of ONNX's operators", expected: "an opset_import",
        advice: "export the network to ONNX again")
    }
    self.graph = graph
  }
}

/// A `GraphProto`: node 1, initializer 5, input 11, output 12, value_info 13, sparse_initializer 15.
struct GraphMessage {
  private(set) var nodes: [NodeMessage] = []
  private(set) var initialisers: [StoredTensor] = []
  private(set) var inputs: [GraphInput] = []
  private(set) var outputs: [GraphInput] = []
  /// What PyTorch's exporter says that stored tensors are, by name: `PARAMETER`, `BUFFER` and others.
  private(set) var kinds: [String: String] = [:]

  init(_ message: WireReader, _ reading: ModelReading) throws(FileError) {
    let limits = reading.limits
    var reader = message
    while let field = try reader.next() {
      switch field.number {
      case 1:
        try reading.check(nodes.count + 1, limits.nodes, "nodes")
        nodes.append(try NodeMessage(try reader.message(field, "node"), reading))
      case 5:
        try reading.check(initialisers.count + 1, limits.tensors, "tensors")
        initialisers.append(
          try TensorMessage.read(try reader.message(field, "initializer"), reading))
      case 11:
        try reading.check(inputs.count + 1, limits.tensors, "inputs")
        inputs.append(try ValueMessage.read(try reader.message(field, "input"), reading))
      case 12:
        try reading.check(outputs.count + 1, limits.tensors, "outputs")
        outputs.append(try ValueMessage.read(try reader.message(field, "output"), reading))
      case 13:
        let (name, kind) = try ValueMessage.kind(try reader.message(field, "value_info"), reading)
        if let kind { kinds[name] = kind }
        try reading.check(kinds.count, limits.tensors, "kinds of tensors")
      case 15:
        throw reader.refused(at: field.start, found: "a sparse tensor", expected: "a dense one")
      default: break
      }
    }
  }
}
