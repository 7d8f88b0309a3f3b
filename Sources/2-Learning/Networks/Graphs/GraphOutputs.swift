import Files
import ONNX
import Torch

extension Graph {
  /// Logits and auxiliary logits: those called so; else the only output, or two, of which the auxiliary one
  /// is named so or is the second.
  func guessedOutputs() throws(FileError) -> [String] {
    let names = outputs.map(\.name)
    if names.contains("logits") {
      let others = names.filter { $0 != "logits" }
      let other = others.count == 1 ? others : others.filter { $0 == "auxiliary" }
      return ["logits"] + other
    }
    guard names.count <= 2 else {
      throw .refused(
        path, "graph",
        found: "\(names.count) outputs: " + names.prefix(16).map(quoted).joined(separator: " "),
        expected: "logits and perhaps auxiliary logits", advice: "name those that are meant")
    }
    let isSwapped =
      names.count == 2 && names[0].lowercased().contains("aux")
      && !names[1].lowercased().contains("aux")
    return isSwapped ? names.reversed() : names
  }

  /// The plan for one image of a size.
  func plan(of size: Pair, _ outputs: [String]) throws(FileError) -> Plan {
    try plan(for: [1, 3, size.vertical, size.horizontal], outputs: outputs)
  }

  /// The channels of each output; all must be maps `[1, C, h, w]` of floats.
  func channels(_ plan: Plan) throws(FileError) -> [Int] {
    var channels: [Int] = []
    for output in plan.outputs {
      guard let type = plan.values[output.value], type.elementType.isFloat,
        type.shape.count == 4, type.shape[0] == 1, !type.shape.contains(0)
      else {
        throw .refused(
          path, "output \(quoted(output.name))",
          found: plan.values[output.value].map { "\($0)" } ?? "no tensor",
          expected: "floats [1, C, h, w] for one image", advice: "choose outputs that are logits")
      }
      channels.append(type.shape[1])
    }
    guard !channels.isEmpty else {
      throw .refused(path, "graph", found: "no outputs asked for", expected: "logits")
    }
    return channels
  }
}

extension Plan {
  /// Height and width of the first output, which is `[1, C, h, w]`.
  var outputGrid: Pair {
    let shape = outputs.first.flatMap { values[$0.value]?.shape } ?? []
    return shape.count == 4 ? Pair(shape[2], shape[3]) : Pair(both: 0)
  }

  /// What the main classifier reads, if it is on the grid of the logits.
  var feature: String? {
    guard let name = classifierInput(ofOutput: 0), let shape = values[name]?.shape,
      shape.count == 4, shape[0] == 1, Pair(shape[2], shape[3]) == outputGrid
    else { return nil }
    return name
  }

  /// What an image costs, and what is stored: counted as of the zoo's networks.
  var outline: NetworkOutline {
    func count(_ names: [String]) -> Int {
      names.reduce(0) { $0 + (values[$1]?.shape.reduce(1, *) ?? 0) }
    }
    func shape(_ node: Node, _ input: Int) -> [Int] { values[node.inputs[input]]?.shape ?? [] }
    var (convolutions, others, multiplyAdds) = (0, 0, 0)
    for node in nodes {
      let size = count(node.outputs)
      switch node.operation {
      case .convolution:
        convolutions += size
        multiplyAdds += size * shape(node, 1).dropFirst().reduce(1, *)
      case .transposedConvolution:
        convolutions += size
        multiplyAdds += count([node.inputs[0]]) * shape(node, 1).dropFirst().reduce(1, *)
      case .gemm(_, _, let transposesA, _):
        convolutions += size
        multiplyAdds += size * (transposesA ? shape(node, 0).first : shape(node, 0).last).or(1)
      case .matrixProduct:
        convolutions += size
        multiplyAdds += size * shape(node, 0).last.or(1)
      case .einsum: convolutions += size
      // Counted with their convolution, or the same elements seen otherwise.
      case .batchNorm, .reshape, .transpose, .split, .slice, .expand, .cast: break
      default: others += size
      }
    }
    let stored = initialisers.filter { $0.elementType.isFloat }
    let all = stored.reduce(0) { $0 + $1.elementCount }
    let statistics = Set(
      nodes.flatMap { node -> ArraySlice<String> in
        if case .batchNorm = node.operation { node.inputs[3...] } else { [] }
      })
    let reached = reachedByGradients
    let fixed = stored.filter {
      statistics.contains($0.name) || $0.shape.isEmpty || !reached.contains($0.name)
    }
    return NetworkOutline(
      parameterCount: all - fixed.reduce(0) { $0 + $1.elementCount }, valueCount: all,
      convolutionCount: convolutions, multiplyAdds: multiplyAdds, otherCount: others)
  }
}

extension Int? {
  fileprivate func or(_ other: Int) -> Int { self ?? other }
}
