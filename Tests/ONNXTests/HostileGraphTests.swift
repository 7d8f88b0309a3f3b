import ONNX
import TestSupport
import Testing

private typealias P = Proto

// How messages end.
private let copy = "; use another copy of the file"
private let otherwise = "; export the network in another way"
private let sizes =
  "at most 16 sizes of 0 to 2^31 - 1, and at most 68719476736 elements; give smaller images"

/// A graph of these nodes.
private func computing(_ nodes: Proto..., functions: [Proto] = []) -> Proto {
  .model(.graph(nodes), functions: functions)
}

private let graphs: [BadModel] = [
  BadModel(
    "missing input", computing(.node("Add", ["x", "z"], ["y"], name: "sum")),
    "Add 'sum': found the input 'z', which nothing gives; expected a value from before\(copy)"),
  BadModel(
    "ring",
    computing(
      .node("Add", ["x", "b"], ["a"]), .node("Relu", ["a"], ["b"]), .node("Relu", ["b"], ["y"])),
    """
    Add 'a': found the input 'b', which the later Relu 'b' gives; \
    expected a value from before\(copy)
    """

  ),
  BadModel(
    "node of itself", computing(.node("Add", ["x", "y"], ["y"])),
    """
    Add 'y': found the input 'y', which the later Add 'y' gives; \
    expected a value from before\(copy)
    """
  ),
  BadModel(
    "value twice", computing(.node("Relu", ["x"], ["y"]), .node("Abs", ["x"], ["y"])),
    """
    graph: found 'y' as an output of Relu 'y' and as an output of Abs 'y'; \
    expected it once\(copy)
    """
  ),
  BadModel(
    "value as an input", computing(.node("Relu", ["x"], ["x"])),
    "graph: found 'x' as an input and as an output of Relu 'x'; expected it once\(copy)"),
  BadModel(
    "no outputs", .model(.graph([], outputs: [])),
    "graph: found no outputs; expected one or more\(copy)"),
  BadModel(
    "missing output", .model(.graph([.node("Relu", ["x"], ["z"])])),
    """
    graph: found the output 'y', which nothing gives; \
    expected different values of the graph\(copy)
    """
  ),
  BadModel(
    "output twice", .model(.graph([.node("Relu", ["x"], ["y"])], outputs: ["y", "y"])),
    "graph: found the output 'y', twice; expected different values of the graph\(copy)"),
  BadModel(
    "attribute twice",
    computing(
      .node("Elu", ["x"], ["y"], [.attribute("alpha", Float(1)), .attribute("alpha", Float(2))])),
    "node byte 36: found the attribute 'alpha' again; expected it once\(copy)"),
  BadModel(
    "reference outside of a function",
    computing(.node("Elu", ["x"], ["y"], [.reference("alpha", to: "a", type: 1)])),
    """
    Elu 'y': found the attribute 'alpha' of a function around it; expected a value: \
    this node is in no function\(copy)
    """
  ),
  BadModel(
    "subgraph",
    computing(.node("Relu", ["x"], ["y"], [P().adding(1, "body").adding(6, P()).adding(20, 5)])),
    "Relu 'y' (opset 17): found the attribute 'body'; expected one of opset 17\(otherwise)"
  ),
  BadModel(
    "unknown attribute", computing(.node("Relu", ["x"], ["y"], [.attribute("slope", Float(1))])),
    "Relu 'y' (opset 17): found the attribute 'slope'; expected one of opset 17\(otherwise)"
  ),
  BadModel(
    "attribute of another type", computing(.node("Elu", ["x"], ["y"], [.attribute("alpha", 1)])),
    """
    Elu 'y' (opset 17): found a whole number as the attribute 'alpha'; \
    expected a float\(otherwise)
    """

  ),
  BadModel(
    "too many inputs", computing(.node("Relu", ["x", "x"], ["y"])),
    """
    Relu 'y' (opset 17): found 2 inputs and 1 outputs; \
    expected 1 to 1 and 1 to 1, the first one with a name\(otherwise)
    """
  ),
  BadModel(
    "input left out", computing(.node("Add", ["x", ""], ["y"])),
    "Add 'y' (opset 17): found no input 2; expected a tensor\(otherwise)"),
  BadModel(
    "two images",
    .model(
      .graph(
        [.node("Add", ["x", "z"], ["y"])], inputs: [.value("x", [1, 4]), .value("z", [1, 4])])),
    "graph: found the inputs 'x' 'z'; expected one: the images; export a network of images alone"),
  BadModel(
    "images of 3 channels",
    .model(.graph([.node("Relu", ["x"], ["y"])], inputs: [.value("x", ["n", 3, "h", "w"])])),
    """
    input 'x': found images of [1, 4, 6, 8]; expected [n, 3, h, w]; \
    export the network with dynamic axes, or give it such images
    """
  ),
  BadModel(
    "square images",
    .model(.graph([.node("Relu", ["x"], ["y"])], inputs: [.value("x", ["n", 4, "s", "s"])])),
    """
    input 'x': found images of [1, 4, 6, 8]; expected [n, 4, s, s]; \
    export the network with dynamic axes, or give it such images
    """
  ),
  BadModel(
    "images of whole numbers",
    .model(.graph([.node("Relu", ["x"], ["y"])], inputs: [.value("x", [1, 4], type: 7)])),
    "input 'x': found I64; expected floats; export the network in float32"),
  BadModel(
    "unknown operators",
    computing(
      .node("Relu", ["x"], ["a"]), .node("Loop", ["a"], ["b"], name: "again"),
      .node("Loop", ["b"], ["c"]),
      .node("Fused", ["c"], ["d"], domain: "com.vendor"), .node("Mish", ["d"], ["y"])),
    """
    Loop 'again': found the operator 'Loop' of opset 17; expected those that are known: \
    1 of 5 nodes are, unknown are Loop (2), Mish (1), com.vendor.Fused (1); \
    export the network without them
    """
  ),
  BadModel(
    "argument of the images",
    computing(
      .node("Cast", ["x"], ["a"], [.attribute("to", 7)]), .node("Reshape", ["x", "a"], ["y"])),
    """
    Reshape 'y' (opset 17): found 'a', which only the images decide, as input 2; \
    expected a value that follows from shapes and constants\(otherwise)
    """
  ),
  BadModel(
    "further result",
    computing(
      .node("MaxPool", ["x"], ["a", "b"], [.attribute("kernel_shape", [1, 1])]),
      .node("Relu", ["b"], ["y"])),
    """
    Relu 'y': found the input 'b', which is not computed; expected a first result of a node; \
    export the network without it
    """
  ),
]

private let functions: [BadModel] = [
  BadModel(
    "function: twice",
    computing(
      .node("f", ["x"], ["y"], domain: "own"),
      functions: [.function("f", [], [], []), .function("f", [], [], [])]),
    "model byte 94: found the function 'f' again; expected it once\(copy)"),
  BadModel(
    "function: of itself",
    computing(
      .node("f", ["x"], ["y"], domain: "own"),
      functions: [
        .function("f", ["a"], ["b"], [.node("f", ["a"], ["b"], domain: "own")])
      ]), "f 'b': found a function that calls itself; expected functions without recursion\(copy)"),
  BadModel(
    "of each other",
    computing(
      .node("f", ["x"], ["y"], domain: "own"),
      functions: [
        .function("f", ["a"], ["b"], [.node("g", ["a"], ["b"], domain: "own")]),
        .function("g", ["a"], ["b"], [.node("f", ["a"], ["b"], domain: "own", name: "back")]),
      ]),
    "f 'back': found a function that calls itself; expected functions without recursion\(copy)"),
  BadModel(
    "function: deep",
    computing(
      .node("f0", ["x"], ["y"], domain: "own"),
      functions: (0..<40).map {
        .function("f\($0)", ["a"], ["b"], [.node("f\($0 + 1)", ["a"], ["b"], domain: "own")])
      }), "f32 'b': found deeper calls; expected at most 32 levels\(copy)"),
  BadModel(
    "function: doubling",
    computing(
      .node("f0", [], [], domain: "own"),
      functions: (0..<30).map {
        .function(
          "f\($0)", [], [], [P](repeating: .node("f\($0 + 1)", [], [], domain: "own"), count: 2))
      } + [.function("f30", [], [], [])]),
    "graph: found more nodes; expected at most 100000; give a smaller network"),
  BadModel(
    "many names",
    computing(
      .node("f", ["x"], ["y"], domain: "own"),
      functions: [
        .function(
          "f", ["a"], ["b"], [P](repeating: .node("g", ["a"], ["b"], domain: "own"), count: 1000)),
        .function("g", ["a"], ["b"], [.node("Sum", [String](repeating: "a", count: 3000), ["c"])]),
      ]),
    """
    graph: found more names and attributes of nodes; expected at most 2000000; \
    give a smaller network
    """
  ),
  BadModel(
    "function: more inputs",
    computing(
      .node("f", ["x", "x"], ["y"], domain: "own"), functions: [.function("f", ["a"], ["b"], [])]),
    "f 'y': found 2 inputs and 1 outputs; expected at most 1 and 1\(copy)"),
  BadModel(
    "function: missing value",
    computing(
      .node("f", ["x"], ["y"], domain: "own"),
      functions: [.function("f", ["a"], ["b"], [.node("Add", ["a", "x"], ["b"])])]),
    "Add 'y': found the input 'call1:x', which nothing gives; expected a value from before\(copy)"),
  BadModel(
    "function: unknown attribute",
    computing(
      .node("f", ["x"], ["y"], [.attribute("k", 1)], domain: "own"),
      functions: [.function("f", ["a"], ["b"], [], attributes: ["alpha"])]),
    "f 'y': found the attribute 'k'; expected one of 'alpha'\(copy)"),
  BadModel(
    "function: attribute of another type",
    computing(
      .node("f", ["x"], ["y"], [.attribute("k", 1)], domain: "own"),
      functions: [
        .function(
          "f", ["a"], ["b"], [.node("Elu", ["a"], ["b"], [.reference("alpha", to: "k", type: 1)])],
          attributes: ["k"])
      ]), "Elu 'b': found a whole number for the attribute 'alpha'; expected type 1\(copy)"),
  BadModel(
    "two inputs of a name", computing(functions: [.function("f", ["a", "a"], ["b"], [])]),
    "function 'f': found an input or output twice; expected different names\(copy)"),
]

private let arithmetic: [BadModel] = [
  BadModel(
    "overflow", .model(.graph([.node("Mul", ["a", "a"], ["y"])], [.axis("a", [Int.max])])),
    """
    Mul 'y' (opset 17): found multiply of 9223372036854775807 and 9223372036854775807; \
    expected a number of its type\(otherwise)
    """
  ),
  BadModel(
    "quotient by 0",
    .model(
      .graph([.node("Div", ["a", "b"], ["y"], name: "half")], [.axis("a", [1]), .axis("b", [0])])),
    "Div 'half' (opset 17): found divide of 1 and 0; expected a number of its type\(otherwise)"),
  BadModel(
    "-2^63 / -1",
    .model(.graph([.node("Div", ["a", "b"], ["y"])], [.axis("a", [Int.min]), .axis("b", [-1])])),
    """
    Div 'y' (opset 17): found divide of -9223372036854775808 and -1; \
    expected a number of its type\(otherwise)
    """

  ),
  BadModel(
    "-(-2^63)", .model(.graph([.node("Neg", ["a"], ["y"])], [.axis("a", [Int.min])])),
    "Neg 'y' (opset 17): found -(-9223372036854775808); expected a number of its type\(otherwise)"),
  BadModel(
    "not a number as an integer",
    computing(
      .node("Constant", [], ["a"], [.attribute("value_float", Float.nan)]),
      .node("Cast", ["a"], ["y"], [.attribute("to", 7)])),
    "Cast 'y' (opset 17): found nan as I64; expected a number of its type\(otherwise)"),
  BadModel(
    "shape of 2^62",
    .model(.graph([.node("Expand", ["x", "a"], ["y"])], [.axis("a", [1 << 62, 1, 1, 1])])),
    """
    Expand 'y' (opset 17): found 4611686018427387904 in input 2; \
    expected 0 to 2147483647\(otherwise)
    """
  ),
  BadModel(
    "shape of 2^60",
    .model(.graph([.node("ConstantOfShape", ["a"], ["y"])], [.axis("a", [1 << 30, 1 << 30])])),
    "ConstantOfShape 'y': found a tensor F32 [1073741824, 1073741824]; expected \(sizes)"),
  BadModel(
    "range of 10^12",
    .model(
      .graph(
        [.node("Range", ["a", "b", "c"], ["y"])],
        [.integers("a", [], [0]), .integers("b", [], [1_000_000_000]), .integers("c", [], [1])])),
    "Range 'y' (opset 17): found a range of more elements; expected at most 1048576\(otherwise)"),
  BadModel(
    "gather outside",
    .model(.graph([.node("Gather", ["a", "b"], ["y"])], [.axis("a", [1, 2]), .axis("b", [2])])),
    "Gather 'y' (opset 17): found places [2]; expected places of an axis of size 2\(otherwise)"),
  BadModel(
    "concatenation of 2^37",
    .model(
      .graph(
        [
          .node("Expand", ["x", "a"], ["b"]),
          .node("Concat", ["b", "b"], ["y"], [.attribute("axis", 0)]),
        ], [.axis("a", [1 << 30, 4, 1, 1])])),
    "Expand 'b': found a tensor F32 [1073741824, 4, 6, 8]; expected \(sizes)"),
  BadModel(
    "window", computing(.node("MaxPool", ["x"], ["y"], [.attribute("kernel_shape", [7, 7])])),
    """
    MaxPool 'y' (opset 17): found 6 elements along an axis of [1, 4, 6, 8]; \
    expected at least the 7 of a window; give larger images
    """
  ),
  BadModel(
    "window of 2^62",
    computing(.node("MaxPool", ["x"], ["y"], [.attribute("kernel_shape", [1 << 62, 1])])),
    """
    MaxPool 'y' (opset 17): found 4611686018427387904 in kernel_shape; \
    expected 1 to 2147483647\(otherwise)
    """
  ),
  BadModel(
    "stride 0",
    computing(
      .node(
        "MaxPool", ["x"], ["y"],
        [.attribute("kernel_shape", [1, 1]), .attribute("strides", [0, 1])])),
    "MaxPool 'y' (opset 17): found 0 in strides; expected 1 to 2147483647\(otherwise)"),
  BadModel(
    "scale",
    .model(
      .graph([.node("Resize", ["x", "", "s"], ["y"])], [.floats("s", [4], [1, 1, 1e30, 1])])),
    """
    Resize 'y' (opset 17): found the scale 1.0000000150474662e+30; \
    expected a smaller one\(otherwise)
    """
  ),
  BadModel(
    "constants without end",
    .model(
      .graph(
        (0..<40).map { .node("Mul", ["v\($0)", "v\($0)"], ["v\($0 + 1)"]) } + [
          .node("Identity", ["v40"], ["y"])
        ], [.integers("v0", [1 << 18], [Int](repeating: 1, count: 1 << 18))])),
    """
    Mul 'v11': found more work on constants; expected at most 8388608 elements; \
    export the network with its constants folded
    """
  ),
]

/// Graphs, functions and arithmetic that lead nowhere, each with the whole line that refuses it.
@Suite struct HostileGraphTests {
  @Test(arguments: graphs + functions + arithmetic)
  func refused(_ model: BadModel) throws {
    let found = try P(model.bytes).refusal()
    #expect(found == model.message, "\(found ?? "nothing")")
  }
}
