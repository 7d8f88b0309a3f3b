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
    _ nodes: [Proto], _ initialisers: [Proto], outputs: [String] = ["y"]
  ) throws -> GraphNetwork {
    let graph = P.graph(
      nodes, initialisers, inputs: [P.value("x", ["n", 3, "h", "w"])], outputs: outputs)
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
        P.node("Identity", ["gain"], ["shift"]), P.node("Add", ["b", "shift"], ["c"]),
        P.node("BatchNormalization", ["c", "scale", "shift0", "mean", "var"], ["y"]),
      ],
      [
        P.floats("gain", [3, 1, 1], [1, 2, 3]), P.floats("number", [], [0.5]),
        P.floats("unused", [2], [0, 0]),
        P.floats("scale", [3], [1, 1, 1]), P.floats("shift0", [3], [0, 0, 0]),
        P.floats("mean", [3], [0, 0, 0]), P.floats("var", [3], [1, 1, 1]),
      ])
    #expect(names(network, .parameter) == ["gain", "scale", "shift0", "shift"])
    #expect(names(network, .buffer) == ["mean", "var"])
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
  }
}
