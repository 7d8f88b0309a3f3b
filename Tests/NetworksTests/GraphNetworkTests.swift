import Networks
import ONNX
import Reduction
import TestSupport
import Testing
import Torch

private typealias P = Proto

/// What of a file becomes parameters, buffers and outputs.
@Suite struct GraphNetworkTests {
  /// A network of images `[n, 3, h, w]`.
  private func network(
    _ nodes: [Proto], _ initialisers: [Proto], outputs: [String] = ["y"],
    kinds: [String: String] = [:]
  ) throws -> GraphNetwork {
    let graph = P.graph(
      nodes, initialisers, inputs: [P.value("x", ["n", 3, "h", "w"])], outputs: outputs
    ).adding(13, kinds.sorted { $0.key < $1.key }.map { P.kind($0.key, $0.value) })
    let folder = try TemporaryFolder()
    defer { withExtendedLifetime(folder) {} }
    let path = try folder.write(P.model(graph).bytes, as: "net.onnx")
    return try GraphNetwork(try ONNXFile.read(path), size: Pair(2, 2))
  }

  private func names(_ network: GraphNetwork, _ role: StateDict.Role) -> [String] {
    network.state.entries.filter { $0.role == role }.map(\.name)
  }

  @Test func rolesOfStoredTensors() throws {
    let network = try network(
      [
        P.node("Mul", ["x", "gain"], ["a"]), P.node("Add", ["a", "number"], ["b"]),
        P.node("Identity", ["gain"], ["tied"]), P.node("Add", ["b", "tied"], ["c"]),
        P.node("Identity", ["scale"], ["shift"]), P.node("Add", ["c", "column"], ["d"]),
        P.node("Cast", ["mask"], ["whole"], [P.attribute("to", 7)]),
        P.node("Cast", ["whole"], ["again"], [P.attribute("to", 1)]),
        P.node("Add", ["d", "again"], ["e"]),
        P.node("BatchNormalization", ["e", "scale", "shift", "mean", "var"], ["y"]),
      ],
      [
        P.floats("gain", [3, 1, 1], [1, 2, 3]), P.floats("number", [], [0.5]),
        P.floats("unused", [2], [0, 0]), P.floats("column", [3, 1, 1], [0, 0, 1]),
        P.floats("mask", [3, 1, 1], [0, 2, 1]), P.floats("scale", [3], [1, 1, 1]),
        P.floats("mean", [3], [0, 0, 0]), P.floats("var", [3], [1, 1, 1]),
      ], kinds: ["gain": "PARAMETER", "column": "BUFFER"])
    // What is tied is one tensor; what was stored once for being one number is two.
    #expect(names(network, .parameter) == ["gain", "scale", "shift"])
    // A buffer of the exporter's word, and one that no gradient reaches.
    #expect(names(network, .buffer) == ["column", "mask", "mean", "var"])
    #expect(
      network.state.entries.allSatisfy { $0.tensor.requiresGradient == ($0.role == .parameter) })
  }

  /// What the exporter stored once trains apart: gain is multiplied, shift is added.
  @Test func mergedTensorsHaveTheirOwnGradients() throws {
    let network = try network(
      [
        P.node("Identity", ["gain"], ["shift"]), P.node("Mul", ["x", "gain"], ["a"]),
        P.node("Add", ["a", "shift"], ["y"]),
      ], [P.floats("gain", [3, 1, 1], [1, 1, 1])])
    let images = Tensor((0..<24).map(Float.init), [2, 3, 2, 2])
    let y = network.values(images, .evaluation())[0]
    Autograd.backward([(y, Tensor.full(y.shape, 1))])
    // The sums of each channel's elements over both images, and their number.
    #expect(network.state["gain"]?.gradient?.doubles == [60, 92, 124])
    #expect(network.state["shift"]?.gradient?.doubles == [8, 8, 8])
  }

  /// Running statistics move as PyTorch's do: by the momentum as it is written, with unbiased variances.
  @Test func statisticsMove() throws {
    let network = try network(
      [P.node("BatchNormalization", ["x", "scale", "shift", "mean", "var"], ["y"])],
      [
        P.floats("scale", [3], [1, 1, 1]), P.floats("shift", [3], [0, 0, 0]),
        P.floats("mean", [3], [1, 1, 1]), P.floats("var", [3], [2, 2, 2]),
      ])
    let images = Tensor((0..<24).map(Float.init), [2, 3, 2, 2])
    _ = network.values(images, training(0..<2, SingleProcess(), .float32))
    // Channel 0 holds 0 to 3 and 12 to 15: mean 7.5, squares 298 / 7.
    let mean = try #require(network.state["mean"]).doubles
    let variance = try #require(network.state["var"]).doubles
    #expect(isClose(mean, [0.9 + 0.75, 0.9 + 1.15, 0.9 + 1.55], 1e-6))
    #expect(isClose(variance, [Double](repeating: 1.8 + 29.8 / 7, count: 3), 1e-6))
  }

  @Test func outputsAreGuessed() throws {
    let nodes = [P.node("Mul", ["x", "gain"], ["main"]), P.node("Relu", ["main"], ["aux_out"])]
    let gain = P.floats("gain", [3, 1, 1], [1, 1, 1])
    let swapped = try network(nodes, [gain], outputs: ["aux_out", "main"])
    #expect(swapped.outputs == ["main", "aux_out"])
    let output = swapped(Tensor.full([1, 3, 2, 2], -1), .evaluation())
    #expect(output.logits.doubles.allSatisfy { $0 == -1 })
    #expect(output.auxiliaryLogits?.doubles.allSatisfy { $0 == 0 } == true)
    #expect(try network(nodes, [gain], outputs: ["main"]).outputs == ["main"])
    let named = [
      P.node("Mul", ["x", "gain"], ["logits"]), P.node("Relu", ["logits"], ["auxiliary"]),
      P.node("Relu", ["logits"], ["more"]),
    ]
    #expect(
      try network(named, [gain], outputs: ["more", "auxiliary", "logits"]).outputs
        == ["logits", "auxiliary"])
    #expect(
      try network(named, [gain], outputs: ["logits", "more"]).outputs == ["logits", "more"])
  }

  /// What the last convolution reads is the features, where it lies on the grid of the logits.
  @Test func featuresAreWhatTheClassifierReads() throws {
    let weight = P.floats("w", [2, 3, 1, 1], [1, 2, 3, 4, 5, 6])
    let bias = P.floats("b", [2, 1, 1], [1, 2])
    let nodes = [
      P.node("Relu", ["x"], ["f"]), P.node("Conv", ["f", "w"], ["z"]),
      P.node("Add", ["z", "b"], ["y"]),
    ]
    let network = try network(nodes, [weight, bias])
    #expect(network.featureWidth == 3 && network.classCount == 2)
    let images = Tensor((0..<24).map { Float($0) - 12 }, [2, 3, 2, 2])
    let output = network(images, .evaluation())
    #expect(output.feature?.doubles == images.relu.doubles && output.auxiliaryLogits == nil)
    #expect(network.values(images, .evaluation()).count == 1)
    let larger = [
      P.node("Conv", ["x", "w"], ["z"]), P.node("Resize", ["z", "", "twice"], ["y"]),
    ]
    #expect(
      try self.network(larger, [weight, P.floats("twice", [4], [1, 1, 2, 2])]).featureWidth == nil)
  }
}
