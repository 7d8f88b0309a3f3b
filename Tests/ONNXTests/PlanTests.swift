import Files
import ONNX
import TestSupport
import Testing
import WeightFiles

private typealias P = Proto

/// Whole numbers that are computed beforehand from those of two constants.
struct ArithmeticCase: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let node: Proto
  let tensors: [Proto]
  let result: [Int]

  init(
    _ operatorName: String, _ a: [Int], _ b: [Int]? = nil, _ attributes: [Proto] = [],
    gives result: [Int]
  ) {
    testDescription = "\(operatorName) \(a) \(b ?? [])"
    node = .node(operatorName, ["a"] + (b == nil ? [] : ["b"]), ["y"], attributes)
    tensors = [.axis("a", a)] + (b.map { [.axis("b", $0)] } ?? [])
    self.result = result
  }
}

private let cases: [ArithmeticCase] = [
  ArithmeticCase("Add", [1, 2], [3], gives: [4, 5]),
  ArithmeticCase("Sub", [1, 2], [3, 4], gives: [-2, -2]),
  ArithmeticCase("Mul", [3], [2, -5], gives: [6, -15]),
  ArithmeticCase("Div", [-7, 7], [2], gives: [-3, 3]),
  ArithmeticCase("Mod", [-7, 7], [3], gives: [2, 1]),
  ArithmeticCase("Mod", [-7, 7], [3], [.attribute("fmod", 1)], gives: [-1, 1]),
  ArithmeticCase("Pow", [2, -1], [5], gives: [32, -1]),
  ArithmeticCase("Min", [1, 9], [5], gives: [1, 5]),
  ArithmeticCase("Max", [1, 9], [5], gives: [5, 9]),
  ArithmeticCase("Neg", [1, -9], gives: [-1, 9]),
  ArithmeticCase("Abs", [1, -9], gives: [1, 9]),
  ArithmeticCase("Concat", [1, 2], [3], [.attribute("axis", 0)], gives: [1, 2, 3]),
  ArithmeticCase("Gather", [7, 8, 9], [-1, 0], gives: [9, 7]),
  ArithmeticCase("Tile", [1, 2], [2], gives: [1, 2, 1, 2]),
  ArithmeticCase("Expand", [4], [3], gives: [4, 4, 4]),
  ArithmeticCase("Reshape", [1, 2, 3], [3, 1], gives: [1, 2, 3]),
  ArithmeticCase("ReduceProd", [2, 3, 4], gives: [24]),
  ArithmeticCase("ReduceSum", [2, 3, 4], gives: [9]),
  ArithmeticCase("ReduceMin", [2, 3, 4], gives: [2]),
  ArithmeticCase("ReduceMax", [2, 3, 4], gives: [4]),
  ArithmeticCase("Size", [2, 3, 4], gives: [3]), ArithmeticCase("Shape", [2, 3, 4], gives: [3]),
  ArithmeticCase(
    "ConstantOfShape", [2], nil, [.attribute("value", tensor: .axis("", [7]))], gives: [7, 7]),
  ArithmeticCase("Clip", [-3, 3], nil, [], gives: [-3, 3]),
]

/// What is computed beforehand, and what stays for every image.
@Suite struct PlanTests {
  @Test(arguments: cases) func arithmetic(_ example: ArithmeticCase) throws {
    let plan = try P.model(.graph([example.node], example.tensors)).plan()
    #expect(plan.nodes.isEmpty)
    #expect(plan.integers() == example.result)
  }

  @Test func floatsAreRoundedToTheirType() throws {
    func quotient(_ type: Int) throws -> [Float]? {
      func cast(_ input: String, _ output: String, _ type: Int) -> P {
        .node("Cast", [input], [output], [.attribute("to", type)])
      }
      return try P.model(
        .graph(
          [
            cast("a", "c", type), cast("b", "d", type), .node("Div", ["c", "d"], ["e"]),
            cast("e", "y", 1),
          ], [.axis("a", [1, 2]), .axis("b", [3])])
      ).plan().floats()
    }
    #expect(try quotient(1) == [1 / 3, 2 / 3])
    #expect(try quotient(10) == [Float(Float16(1) / 3), Float(Float16(2) / 3)])
    // The nearest of 8 bits: 0x3EAB and 0x3F2B.
    #expect(try quotient(16) == [Float(bitPattern: 0x3EAB_0000), Float(bitPattern: 0x3F2B_0000)])
    #expect(try quotient(11) == [1 / 3, 2 / 3])
  }

  /// Comparisons, truth values and choices between numbers.
  @Test func choices() throws {
    let plan = try P.model(
      .graph(
        [
          .node("Less", ["a", "b"], ["l"]), .node("Equal", ["a", "b"], ["e"]),
          .node("Or", ["l", "e"], ["o"]), .node("Not", ["o"], ["n"]),
          .node("And", ["n", "n"], ["g"]), .node("Where", ["g", "a", "b"], ["y"]),
        ], [.axis("a", [1, 2, 3]), .axis("b", [2])])
    ).plan()
    #expect(plan.integers() == [2, 2, 3])
  }

  /// A shape as exporters compute it, which ends as a reshape of one known shape.
  @Test func shapesFollowTheImages() throws {
    let model = P.model(
      .graph(
        [
          .node("Shape", ["x"], ["s"]), .node("Gather", ["s", "two"], ["h"]),
          .node("Gather", ["s", "three"], ["w"]), .node("Mul", ["h", "w"], ["hw"]),
          .node("Unsqueeze", ["hw", "zero"], ["p"]),
          .node("Slice", ["s", "zero", "twos"], ["nc"]),
          .node("Concat", ["nc", "p"], ["shape"], [.attribute("axis", 0)]),
          .node("Reshape", ["x", "shape"], ["r"]), .node("Relu", ["r"], ["y"]),
        ],
        [
          .integers("two", [], [2]), .integers("three", [], [3]), .axis("zero", [0]),
          .axis("twos", [2]),
        ]))
    for shape in [[1, 4, 6, 8], [3, 4, 2, 2]] {
      let plan = try model.plan(shape)
      #expect(plan.nodes.map(\.operation) == [.reshape, .map(.relu)])
      #expect(plan.type() == ValueType(.f32, [shape[0], 4, shape[2] * shape[3]]))
      #expect(plan.constants.isEmpty && plan.initialisers.isEmpty)
    }
  }

  /// Stored floats are parameters: what is computed from them stays for training. Under another name
  /// they are another one.
  @Test func parametersStay() throws {
    let plan = try P.model(
      .graph(
        [
          .node("Identity", ["w"], ["tied"]), .node("Add", ["tied", "one"], ["gain"]),
          .node("Mul", ["x", "gain"], ["y"]),
        ], [.floats("w", [1], [0.5]), .integers("unused", [1], [1]), .floats("one", [1], [1])])
    ).plan()
    #expect(plan.nodes.map(\.inputs) == [["tied", "one"], ["x", "gain"]])
    #expect(plan.initialisers.map(\.name) == ["one", "tied"])
    let constant = try P.model(
      .graph(
        [
          .node("Constant", [], ["half"], [.attribute("value_float", Float(0.5))]),
          .node("Sqrt", ["half"], ["root"]), .node("Mul", ["x", "root"], ["y"]),
        ])
    ).plan()
    #expect(constant.nodes.count == 1 && constant.constants.map(\.name) == ["root"])
  }

  /// Stored floats may still be arguments, through arithmetic too.
  @Test func storedScalesAreArguments() throws {
    let plan = try P.model(
      .graph(
        [
          .node("Concat", ["ones", "s"], ["scales"], [.attribute("axis", 0)]),
          .node("Resize", ["x", "", "scales"], ["y"]),
        ], [.floats("ones", [2], [1, 1]), .floats("s", [2], [2, 0.5])])
    ).plan()
    #expect(plan.nodes.count == 1 && plan.initialisers.isEmpty)
    #expect(plan.type()?.shape == [1, 4, 12, 4])
  }

  /// The parts of a sequence are those of a split.
  @Test func sequences() throws {
    let plan = try P.model(
      .graph(
        [
          .node("SplitToSequence", ["x", "three"], ["s"], [.attribute("axis", 3)]),
          .node("SequenceAt", ["s", "last"], ["t"]), .node("Relu", ["t"], ["y"]),
        ], [.integers("three", [], [3]), .integers("last", [], [-1])])
    ).plan()
    #expect(plan.nodes.map(\.operation) == [.split(axis: 3, sizes: [3, 3, 2]), .map(.relu)])
    #expect(plan.nodes.map(\.inputs) == [["x"], ["s[2]"]])
    #expect(plan.type()?.shape == [1, 4, 6, 2])
  }

  /// An operator that is not known does no harm where no wanted output needs it.
  @Test func onlyWantedOutputsCount() throws {
    let model = P.model(
      .graph(
        [.node("Relu", ["x"], ["y"]), .node("Loop", ["x"], ["z"])], outputs: ["y", "z"]))
    #expect(try model.plan(outputs: ["y"]).outputs.map(\.name) == ["y"])
    #expect(throws: FileError.self) { try model.plan() }
    #expect(throws: FileError.self) { try model.plan(outputs: ["u"]) }
  }

  /// More elements than the limit are left to the execution; more work is refused.
  @Test func constantsAreLimited() throws {
    let model = P.model(.graph([.node("ConstantOfShape", ["a"], ["y"])], [.axis("a", [64, 64])]))
    var limits = Limits()
    #expect(try model.plan(limits: limits).nodes.isEmpty)
    limits.constantElements = 1000
    #expect(try model.plan(limits: limits).nodes.map(\.operation) == [.expand])
    limits.constantElements = 1 << 20
    limits.constantWork = 1000
    #expect(
      try model.refusal(limits: limits)
        == "ConstantOfShape 'y': found more work on constants; expected at most 1000 elements; "
        + "export the network with its constants folded")
  }
}
