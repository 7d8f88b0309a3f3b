import ONNX
import TestSupport
import Testing
import WeightFiles

private typealias P = Proto

/// A graph of one node, in an opset, and the shape of what it gives; nil if it is refused.
struct OpsetCase: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let model: Proto
  let shape: [Int]?

  init(
    _ opset: Int, _ operatorName: String, _ inputs: [String] = ["x"],
    _ attributes: [Proto] = [], with tensors: [Proto] = [], outputs: [String] = ["y"],
    gives shape: [Int]?
  ) {
    testDescription = "\(operatorName) of opset \(opset), \(shape.map { "\($0)" } ?? "refused")"
    model = .model(
      .graph([.node(operatorName, inputs, outputs, attributes)], tensors, outputs: [outputs[0]]),
      opset: opset)
    self.shape = shape
  }
}

private let sizes = [P.axis("z", [1, 4, 9, 4])]
private let scales = [P.floats("s", [4], [1, 1, 1.5, 0.5])]
private let none = [P.floats("e", [0], [])]

private let squeezing: [OpsetCase] = [
  OpsetCase(11, "Unsqueeze", ["x"], [.attribute("axes", [0, -1])], gives: [1, 1, 4, 6, 8, 1]),
  OpsetCase(13, "Unsqueeze", ["x", "a"], with: [.axis("a", [0, -1])], gives: [1, 1, 4, 6, 8, 1]),
  OpsetCase(13, "Unsqueeze", ["x"], [.attribute("axes", [0])], gives: nil),
  OpsetCase(11, "Unsqueeze", ["x", "a"], with: [.axis("a", [0])], gives: nil),
  OpsetCase(11, "Unsqueeze", ["x"], [.attribute("axes", [0, 0])], gives: nil),
  OpsetCase(11, "Squeeze", ["x"], [.attribute("axes", [0])], gives: [4, 6, 8]),
  OpsetCase(13, "Squeeze", ["x", "a"], with: [.axis("a", [-4])], gives: [4, 6, 8]),
  OpsetCase(13, "Squeeze", ["x"], gives: [4, 6, 8]),
  OpsetCase(13, "Squeeze", ["x", "a"], with: [.axis("a", [1])], gives: nil),
]

private let reducing: [OpsetCase] = [
  OpsetCase(17, "ReduceMean", ["x"], [.attribute("axes", [2, 3])], gives: [1, 4, 1, 1]),
  OpsetCase(
    17, "ReduceMean", ["x"], [.attribute("axes", [-1]), .attribute("keepdims", 0)],
    gives: [1, 4, 6]),
  OpsetCase(17, "ReduceMean", ["x", "a"], with: [.axis("a", [2, 3])], gives: nil),
  OpsetCase(18, "ReduceMean", ["x", "a"], with: [.axis("a", [2, 3])], gives: [1, 4, 1, 1]),
  OpsetCase(18, "ReduceMean", ["x"], [.attribute("axes", [2, 3])], gives: nil),
  OpsetCase(18, "ReduceL2", ["x", "a"], with: [.axis("a", [1])], gives: [1, 1, 6, 8]),
  OpsetCase(18, "ReduceMax", ["x"], gives: [1, 1, 1, 1]),
  OpsetCase(18, "ReduceMax", ["x"], [.attribute("noop_with_empty_axes", 1)], gives: [1, 4, 6, 8]),
  OpsetCase(11, "ReduceSum", ["x"], [.attribute("axes", [1])], gives: [1, 1, 6, 8]),
  OpsetCase(13, "ReduceSum", ["x", "a"], with: [.axis("a", [1])], gives: [1, 1, 6, 8]),
  OpsetCase(13, "ReduceSum", ["x"], [.attribute("axes", [1])], gives: nil),
]

private let splitting: [OpsetCase] = [
  OpsetCase(
    11, "Split", ["x"], [.attribute("axis", 1), .attribute("split", [3, 1])],
    outputs: ["y", "z"], gives: [1, 3, 6, 8]),
  OpsetCase(
    13, "Split", ["x", "a"], [.attribute("axis", 1)], with: [.axis("a", [3, 1])],
    outputs: ["y", "z"], gives: [1, 3, 6, 8]),
  OpsetCase(
    13, "Split", ["x", "a"], [.attribute("axis", 1)], with: [.axis("a", [3, 2])],
    outputs: ["y", "z"], gives: nil),
  OpsetCase(
    17, "Split", ["x"], [.attribute("axis", 1)], outputs: ["y", "z"], gives: [1, 2, 6, 8]),
  OpsetCase(17, "Split", ["x"], [.attribute("axis", 1)], outputs: ["y", "z", "u"], gives: nil),
  OpsetCase(
    18, "Split", ["x"], [.attribute("axis", -1), .attribute("num_outputs", 3)],
    outputs: ["y", "z", "u"], gives: [1, 4, 6, 3]),
  OpsetCase(
    17, "Split", ["x"], [.attribute("axis", -1), .attribute("num_outputs", 2)],
    outputs: ["y", "z"], gives: nil),
]

private let resizing: [OpsetCase] = [
  OpsetCase(11, "Resize", ["x", "e", "s"], with: none + scales, gives: [1, 4, 9, 4]),
  OpsetCase(11, "Resize", ["x", "e", "e", "z"], with: none + sizes, gives: [1, 4, 9, 4]),
  OpsetCase(13, "Resize", ["x", "", "s"], with: scales, gives: [1, 4, 9, 4]),
  OpsetCase(13, "Resize", ["x", "", "", "z"], with: sizes, gives: [1, 4, 9, 4]),
  OpsetCase(13, "Resize", ["x", "", "s", "z"], with: scales + sizes, gives: nil),
  OpsetCase(13, "Resize", ["x"], gives: nil),
  OpsetCase(
    18, "Resize", ["x", "", "", "a"], [.attribute("axes", [3, 2])], with: [.axis("a", [4, 9])],
    gives: [1, 4, 9, 4]),
  OpsetCase(
    17, "Resize", ["x", "", "", "z"], [.attribute("axes", [0, 1, 2, 3])], with: sizes, gives: nil),
  OpsetCase(
    18, "Resize", ["x", "", "", "a"],
    [.attribute("axes", [2, 3]), .attribute("keep_aspect_ratio_policy", "not_larger")],
    with: [.axis("a", [12, 12])], gives: [1, 4, 9, 12]),
  OpsetCase(
    18, "Resize", ["x", "", "", "a"],
    [.attribute("axes", [2, 3]), .attribute("keep_aspect_ratio_policy", "not_smaller")],
    with: [.axis("a", [12, 12])], gives: [1, 4, 12, 16]),
  OpsetCase(
    19, "Resize", ["x", "", "", "z"],
    [.attribute("coordinate_transformation_mode", "half_pixel_symmetric")], with: sizes,
    gives: [1, 4, 9, 4]),
  OpsetCase(
    18, "Resize", ["x", "", "", "z"],
    [.attribute("coordinate_transformation_mode", "half_pixel_symmetric")], with: sizes, gives: nil),
  OpsetCase(
    11, "Resize", ["x", "e", "", "z"],
    [.attribute("coordinate_transformation_mode", "tf_half_pixel_for_nn")], with: none + sizes,
    gives: [1, 4, 9, 4]),
  OpsetCase(
    13, "Resize", ["x", "r", "s"],
    [.attribute("coordinate_transformation_mode", "tf_crop_and_resize")],
    with: scales + [.floats("r", [8], [0, 0, 0.5, 0, 1, 1, 1, 1])], gives: [1, 4, 4, 4]),
]

private let others: [OpsetCase] = [
  OpsetCase(11, "Clip", ["x", "l"], with: [.floats("l", [], [0])], gives: [1, 4, 6, 8]),
  OpsetCase(13, "Clip", ["x", "", "l"], with: [.floats("l", [], [6])], gives: [1, 4, 6, 8]),
  OpsetCase(13, "Clip", ["x"], [.attribute("min", Float(0))], gives: nil),
  OpsetCase(
    11, "Pad", ["x", "p"], with: [.axis("p", [0, 0, 1, 2, 0, 0, 3, -4])], gives: [1, 4, 10, 6]),
  OpsetCase(
    18, "Pad", ["x", "p", "", "a"], with: [.axis("p", [1, 2]), .axis("a", [-2])],
    gives: [1, 4, 9, 8]),
  OpsetCase(
    17, "Pad", ["x", "p", "", "a"], with: [.axis("p", [1, 2]), .axis("a", [-2])], gives: nil),
  OpsetCase(
    17, "Pad", ["x", "p"], [.attribute("mode", "reflect")],
    with: [.axis("p", [0, 0, 6, 0, 0, 0, 0, 0])], gives: nil),
  OpsetCase(
    19, "Pad", ["x", "p"], [.attribute("mode", "wrap")],
    with: [.axis("p", [0, 0, 6, 0, 0, 0, 0, 0])], gives: [1, 4, 12, 8]),
  OpsetCase(11, "Pad", ["x"], [.attribute("pads", [0, 0, 0, 0, 0, 0, 0, 0])], gives: nil),
  OpsetCase(
    11, "Slice", ["x", "a", "b"], with: [.axis("a", [0, 1]), .axis("b", [9, -1])],
    gives: [1, 2, 6, 8]),
  OpsetCase(
    13, "Slice", ["x", "a", "b", "c", "d"],
    with: [
      .axis("a", [-1, 0]), .axis("b", [Int.min, Int.max]), .axis("c", [3, 2]),
      .axis("d", [-3, 4]),
    ], gives: [1, 4, 2, 3]),
  OpsetCase(
    13, "Slice", ["x", "a", "b", "c", "d"],
    with: [
      .axis("a", [-100]), .axis("b", [-200]), .axis("c", [2]), .axis("d", [-1]),
    ], gives: [1, 4, 1, 8]),
  OpsetCase(
    13, "Slice", ["x", "a", "b", "c", "d"],
    with: [
      .axis("a", [0]), .axis("b", [1]), .axis("c", [3]), .axis("d", [0]),
    ], gives: nil),
  OpsetCase(15, "Shape", ["x"], [.attribute("start", 1), .attribute("end", -1)], gives: [2]),
  OpsetCase(14, "Shape", ["x"], [.attribute("start", 1)], gives: nil),
  OpsetCase(13, "HardSwish", gives: nil), OpsetCase(14, "HardSwish", gives: [1, 4, 6, 8]),
  OpsetCase(17, "Mish", gives: nil), OpsetCase(18, "Mish", gives: [1, 4, 6, 8]),
  OpsetCase(19, "Gelu", gives: nil),
  OpsetCase(20, "Gelu", ["x"], [.attribute("approximate", "tanh")], gives: [1, 4, 6, 8]),
  OpsetCase(11, "Dropout", ["x"], [.attribute("ratio", Float(0.1))], gives: [1, 4, 6, 8]),
  OpsetCase(12, "Dropout", ["x"], [.attribute("ratio", Float(0.1))], gives: nil),
  OpsetCase(13, "Flatten", gives: [1, 192]),
  OpsetCase(
    14, "Reshape", ["x", "a"], with: [.axis("a", [0, -1, 2])], gives: [1, 96, 2]),
  OpsetCase(
    14, "Reshape", ["x", "a"], [.attribute("allowzero", 1)], with: [.axis("a", [0, -1, 2])],
    gives: nil),
  OpsetCase(13, "Reshape", ["x", "a"], with: [.axis("a", [5, -1])], gives: nil),
  OpsetCase(
    18, "GroupNormalization", ["x", "a", "a"], [.attribute("num_groups", 2)],
    with: [.floats("a", [2], [1, 1])], gives: [1, 4, 6, 8]),
  OpsetCase(
    21, "GroupNormalization", ["x", "a", "a"], [.attribute("num_groups", 2)],
    with: [.floats("a", [2], [1, 1])], gives: nil),
  OpsetCase(
    18, "AveragePool", ["x"],
    [.attribute("kernel_shape", [2, 2]), .attribute("dilations", [2, 2])], gives: nil),
  OpsetCase(
    19, "AveragePool", ["x"],
    [.attribute("kernel_shape", [2, 2]), .attribute("dilations", [2, 2])],
    gives: [1, 4, 4, 6]),
]

/// Where versions of operators differ.
@Suite struct OpsetTests {
  @Test(arguments: squeezing + reducing + splitting + resizing + others)
  func shape(_ example: OpsetCase) throws {
    guard let shape = example.shape else {
      let refusal = try #require(try example.model.refusal())
      #expect(refusal.contains("opset"), "\(refusal)")
      return
    }
    #expect(try example.model.plan().type()?.shape == shape)
  }

  /// Before opset 13 softmax was over all axes from the given one.
  @Test func softmaxOverSeveralAxes() throws {
    func operation(_ opset: Int) throws -> Plan.Operation? {
      try P.model(
        .graph([.node("Softmax", ["x"], ["y"], [.attribute("axis", 1)])]), opset: opset
      ).plan().nodes.first?.operation
    }
    #expect(try operation(11) == .softmax(axes: 1..<4, logarithm: false))
    #expect(try operation(13) == .softmax(axes: 1..<2, logarithm: false))
  }

  /// What an executor is told of a resize, whichever way the file says it.
  @Test func resizeIsTheSameForAllOpsets() throws {
    let attributes = [
      P.attribute("mode", "linear"), .attribute("coordinate_transformation_mode", "asymmetric"),
    ]
    let old = P.model(
      .graph([.node("Resize", ["x", "e", "e", "z"], ["y"], attributes)], none + sizes), opset: 11)
    let new = P.model(
      .graph(
        [.node("Resize", ["x", "", "", "a"], ["y"], attributes + [.attribute("axes", [2, 3])])],
        [.axis("a", [9, 4])]), opset: 18)
    for model in [old, new] {
      let nodes = try model.plan().nodes
      guard nodes.count == 1, case .resize(let resizing) = nodes[0].operation else {
        Issue.record("no resize")
        continue
      }
      #expect(resizing.mode == .linear && resizing.coordinates == .asymmetric)
      #expect(resizing.scales == [1, 1, 1.5, 0.5] && resizing.region.isEmpty)
      #expect(!resizing.isAntialiased && !resizing.excludesOutside)
    }
  }
}
