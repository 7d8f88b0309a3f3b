extension Plan {
  /// The value that the last convolution of an output reads, `[1, F, h, w]`: what its classifier sees; nil
  /// if something else than resizing stands behind that convolution, or none is there.
  ///
  /// - Parameter output: the output's place.
  package func classifierInput(ofOutput output: Int) -> String? {
    var givers: [String: Node] = [:]
    for node in nodes { for name in node.outputs { givers[name] = node } }
    var value = outputs[output].value
    while let node = givers[value] {
      switch node.operation {
      case .resize, .cast: value = node.inputs[0]
      case .convolution(_, groups: 1): return node.inputs[0]
      case .combine(.add):
        // A bias that stands beside its convolution.
        let computed = node.inputs.filter { givers[$0] != nil }
        guard computed.count == 1 else { return nil }
        value = computed[0]
      default: return nil
      }
    }
    return nil
  }

  /// This plan with one more output: a value that it computes.
  package func giving(_ value: String) -> Plan {
    Plan(
      input: input, outputs: outputs + [Output(name: value, value: value)], nodes: nodes,
      initialisers: initialisers, constants: constants, values: values)
  }
}
