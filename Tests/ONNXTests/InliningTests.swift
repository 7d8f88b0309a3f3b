import ONNX
import TestSupport
import Testing

private typealias P = Proto

/// Functions of a model, as `torch.onnx.export(dynamo=True, optimize=False)` may write them.
@Suite struct InliningTests {
  /// An attribute comes from the call, or from the function; one that neither has is left out.
  @Test func attributesComeFromTheCall() throws {
    let function = P.function(
      "elu", ["a"], ["b"],
      [
        .node("Elu", ["a"], ["c"], [.reference("alpha", to: "k", type: 1)]),
        .node("LeakyRelu", ["c"], ["d"], [.reference("alpha", to: "m", type: 1)]),
        .node("HardSigmoid", ["d"], ["b"], [.reference("alpha", to: "o", type: 1)]),
      ], attributes: ["k", "o"], defaults: [.attribute("m", Float(0.25))])
    let call = P.node(
      "elu", ["x"], ["y"], [.attribute("k", Float(2))], domain: "own", name: "act")
    let plan = try P.model(.graph([call]), functions: [function]).plan()
    #expect(
      plan.nodes.map(\.operation) == [
        .map(.elu(alpha: 2)), .map(.leakyRelu(alpha: 0.25)),
        .map(.hardSigmoid(alpha: Double(Float(0.2)), beta: 0.5)),
      ])
  }

  /// A function that calls another one twice: every call has names of its own, and the attributes pass
  /// on.
  @Test func callsHaveTheirOwnNames() throws {
    let inner = P.function(
      "inner", ["a"], ["b"],
      [
        .node("Elu", ["a"], ["t"], [.reference("alpha", to: "k", type: 1)], name: "n"),
        .node("Relu", ["t"], ["b"]),
      ], attributes: ["k"])
    let outer = P.function(
      "outer", ["a"], ["b"],
      [
        .node("inner", ["a"], ["t"], [.reference("k", to: "j", type: 1)], domain: "own"),
        .node("inner", ["t"], ["b"], [.attribute("k", Float(3))], domain: "own"),
      ], attributes: ["j"])
    let call = P.node("outer", ["x"], ["y"], [.attribute("j", Float(2))], domain: "own")
    let graph = try P.model(.graph([call]), functions: [outer, inner]).graph()
    #expect(
      graph.nodes.map(\.outputs) == [["call2:t"], ["call1:t"], ["call3:t"], ["y"]])
    #expect(graph.nodes.map(\.name) == ["call2:n", "", "call3:n", ""])
    let plan = try graph.plan(for: [1, 4, 2, 2])
    #expect(
      plan.nodes.map(\.operation) == [
        .map(.elu(alpha: 2)), .map(.relu), .map(.elu(alpha: 3)), .map(.relu),
      ])
  }

  /// An input that a call leaves out is left out inside too; one that is an output as well is renamed.
  @Test func leftOutAndPassedInputs() throws {
    let function = P.function(
      "f", ["a", "low", "high"], ["b", "a"], [.node("Clip", ["a", "low", "high"], ["b"])])
    let plan = try P.model(
      .graph(
        [
          .node("f", ["x", "", "six"], ["c", "d"], domain: "own"),
          .node("Add", ["c", "d"], ["y"]),
        ], [.floats("six", [], [6])]), functions: [function]
    ).plan()
    #expect(plan.nodes.map(\.operation) == [.map(.clip(-.infinity...6)), .combine(.add)])
    #expect(plan.nodes.map(\.inputs) == [["x"], ["c", "x"]])
  }

  /// A function's operators are of the opset that it imports itself.
  @Test func functionsHaveTheirOwnOpset() throws {
    let function = P.function(
      "f", ["a"], ["b"], [.node("Unsqueeze", ["a"], ["b"], [.attribute("axes", [0])])], opset: 11)
    let plan = try P.model(
      .graph([.node("f", ["x"], ["y"], domain: "own")]), functions: [function], opset: 18
    ).plan()
    #expect(plan.type()?.shape == [1, 1, 4, 6, 8])
  }
}
