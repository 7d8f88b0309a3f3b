import Files
import Foundation
import Networks
import ONNX
import Randomness
import TestSupport
import Testing
import Torch

private typealias P = Proto

/// Graphs that no network is: an error of one line each, and nothing else.
@Suite struct HostileGraphNetworkTests {
  /// What the error says after the path; nil if the network is made.
  private func refusal(_ model: Proto, outputs: [String]? = nil) throws -> String? {
    let folder = try TemporaryFolder()
    defer { withExtendedLifetime(folder) {} }
    let path = try folder.write(model.bytes, as: "net.onnx")
    do throws(FileError) {
      _ = try GraphNetwork(try ONNXFile.read(path), outputs: outputs, size: Pair(6, 8))
      return nil
    } catch {
      #expect(error.exitCode == 65 && !error.description.contains("\n"))
      return error.detail
    }
  }

  /// A model of images `[n, 3, h, w]` and a parameter w of the same shape.
  private func model(
    _ nodes: [Proto], _ more: [Proto] = [], opset: Int = 21, outputs: [String] = ["y"]
  ) -> Proto {
    P.model(
      P.graph(
        nodes, [.floats("w", [1, 3, 6, 8], [Float](repeating: 1, count: 144))] + more,
        inputs: [P.value("x", ["n", 3, "h", "w"])], outputs: outputs), opset: opset)
  }

  private let sum = P.node("Add", ["x", "w"], ["y"])

  @Test func aPlainOneIsMade() throws { #expect(try refusal(model([sum])) == nil) }

  @Test func outputsMustBeMaps() throws {
    let flat = model([P.node("Add", ["x", "w"], ["s"]), P.node("Flatten", ["s"], ["y"])])
    #expect(
      try refusal(flat)
        == "output 'y': found F32 [1, 144]; expected floats [1, C, h, w] for one image; "
        + "choose outputs that are logits")
    let truth = model([P.node("Greater", ["x", "w"], ["y"])])
    #expect(try refusal(truth)?.hasPrefix("output 'y': found BOOL [1, 3, 6, 8]; ") == true)
    let three = model(
      [sum] + ["a", "b"].map { P.node("Relu", ["y"], [$0]) }, outputs: ["y", "a", "b"])
    #expect(try refusal(three)?.hasPrefix("graph: found 3 outputs: 'y' 'a' 'b'; ") == true)
    #expect(try refusal(three, outputs: ["a", "y"]) == nil)
    #expect(try refusal(three, outputs: ["a", "z"]) != nil)
  }

  @Test func somethingMustBeTrained() throws {
    let bare = P.model(
      P.graph([P.node("Relu", ["x"], ["y"])], inputs: [P.value("x", ["n", 3, "h", "w"])]))
    #expect(try refusal(bare)?.hasPrefix("graph: found no stored tensors of floats; ") == true)
  }

  @Test func parametersMustBeNumbers() throws {
    let broken = model(
      [sum, P.node("Mul", ["y", "v"], ["z"])], [.floats("v", [3, 1, 1], [1, .nan, 1])],
      outputs: ["z"])
    #expect(try refusal(broken)?.contains("found nan; expected a finite number") == true)
  }

  /// What plans know and no kernel computes.
  @Test(arguments: [
    (
      P.node("Conv", ["cube", "kernel"], ["z"]), "Conv 'z' (opset 21)",
      "found windows over 3 axes; expected windows over one or two"
    ),
    (
      P.node("Div", ["whole", "whole"], ["z"]), "Div 'z' (opset 21)",
      "found I64 [1, 3, 6, 8] that only the images decide; expected floats"
    ),
    (
      P.node("BatchNormalization", ["s", "three", "three", "mean", "mean"], ["z"]),
      "BatchNormalization 'z' (opset 21)",
      "found statistics that only the images decide; expected stored ones"
    ),
    (
      P.node(
        "AveragePool", ["s"], ["z"],
        [
          .attribute("kernel_shape", [2, 2]), .attribute("dilations", [2, 2]),
        ]), "AveragePool 'z' (opset 21)", "found means of dilated windows; expected dilations 1"
    ),
    (
      P.node("Tile", ["s", "often"], ["z"]), "Tile 'z' (opset 21)",
      "found 17179864 places; expected at most 4194304"
    ),
    (P.node("Loop", ["s"], ["z"]), "Loop 'z'", "found the operator 'Loop' of opset 21"),
    (P.node("Expand", ["s", "huge"], ["z"]), "Expand 'z'", "found a tensor F32"),
    (P.node("Relu", ["nothing"], ["z"]), "Relu 'z'", "which nothing gives"),
    (P.node("MatMul", ["s", "kernel"], ["z"]), "MatMul 'z' (opset 21)", "expected matrices"),
    (P.node("Concat", ["s", "whole"], ["z"], [.attribute("axis", 1)]), "Concat 'z'", "one type"),
    (
      P.node("Gather", ["s", "whole"], ["z"]), "Gather 'z' (opset 21)",
      "expected whole numbers that follow from shapes and constants"
    ),
  ])
  func operatorsThatCannotBeRun(_ node: Proto, _ place: String, _ text: String) throws {
    let model = model(
      [
        P.node("Add", ["x", "w"], ["s"]),
        P.node("Unsqueeze", ["s", "two"], ["cube"]),
        P.node("ReduceMean", ["s", "others"], ["mean"], [.attribute("keepdims", 0)]),
        P.node("Cast", ["s"], ["whole"], [.attribute("to", 7)]), node,
        P.node("Cast", ["z"], ["f"], [.attribute("to", 1)]),
        P.node("ReduceMean", ["f"], ["m"], [.attribute("keepdims", 0)]),
        P.node("Add", ["s", "m"], ["y"]),
      ],
      [
        .axis("two", [2]), .axis("others", [0, 2, 3]), .floats("three", [3], [1, 1, 1]),
        .floats("kernel", [1, 3, 1, 1, 1], [1, 1, 1]), .axis("often", [1, 1, 1, 2_147_483]),
        .axis("huge", [1 << 20, 1 << 20, 1, 1, 1]),
      ])
    let found = try #require(try refusal(model))
    #expect(found.hasPrefix(place) && found.contains(text), "\(found)")
    if text.hasPrefix("found windows") {
      #expect(found.contains("(4 of 5 nodes can be run)"), "\(found)")
    }
  }

  /// A size that does not fit is told before a pass is run.
  @Test func sizesThatDoNotFit() throws {
    let fixture = try GraphFixture("vit")
    let network = try fixture.network()
    #expect(throws: Never.self) { try network.prepare(for: Pair(32, 64)) }
    #expect(throws: FileError.self) { try network.prepare(for: Pair(4, 4)) }
    let plain = try GraphNetwork(
      fixture.graph, size: Pair(64, 96), type: .float32)
    #expect(plain.outputs == ["logits"] && plain.classCount == 11)
  }

  /// Files with wrong bytes make a network or an error, and never end the process.
  @Test func damagedFiles() throws {
    var random = CounterRandom(.test, seed: 11, 62)
    let end = Date().addingTimeInterval(5)
    let folder = try TemporaryFolder()
    var made = 0
    for name in ["operators", "vit"] {
      let file = URL(fileURLWithPath: Repository.fixture("onnx/\(name).onnx"))
      let bytes = Array(try Data(contentsOf: file))
      for _ in 0..<150 where Date() < end {
        var damaged = bytes
        for _ in 0..<2 {
          damaged[random.integer(below: bytes.count)] = UInt8(random.integer(below: 256))
        }
        let path = try folder.write(damaged, as: "net.onnx")
        do throws(FileError) {
          let graph = try ONNXFile.read(path)
          _ = try GraphNetwork(graph, outputs: graph.outputs.map(\.name), size: Pair(8, 6))
          made += 1
        } catch {
          #expect(!error.description.contains("\n"))
        }
      }
    }
    #expect(made > 0)
  }
}
