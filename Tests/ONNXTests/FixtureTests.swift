import Files
import Foundation
import ONNX
import TestSupport
import Testing
import WeightFiles

/// A network with random weights that PyTorch 2.15 exported, and by which factor its outputs are
/// smaller than the images.
struct Exported: Sendable, CustomTestStringConvertible {
  let name: String
  let outputs: [String]
  let reductions: [Int]
  var testDescription: String { name }

  init(_ name: String, _ outputs: [String: Int]) {
    self.name = name
    self.outputs = outputs.keys.sorted { $1 < $0 }
    reductions = self.outputs.map { outputs[$0] ?? 1 }
  }

  /// The six small ones, which are fixtures.
  static let small = ["", "_export"].flatMap {
    [
      Exported("plain" + $0, ["logits": 4, "auxiliary": 4]),
      Exported("realtime" + $0, ["logits": 1, "auxiliary": 8]),
      Exported("vit" + $0, ["logits": 8]),
    ]
  }
}

/// A folder of networks, NAME.onnx, each with what PyTorch computes for it in NAME.safetensors; the
/// fixtures are those below 300 KB alone.
private let folder = ProcessInfo.processInfo.environment["RDD_ONNX_FOLDER"]

/// Networks as PyTorch's two exporters write them.
@Suite struct FixtureTests {
  @Test(arguments: Exported.small, [[1, 3, 64, 96], [3, 3, 32, 64]])
  func outputsHaveTheirShapes(_ network: Exported, _ shape: [Int]) throws {
    let graph = try ONNXFile.read(Repository.fixture("onnx/\(network.name).onnx"))
    #expect(graph.outputs.map(\.name) == network.outputs)
    let plan = try graph.plan(for: shape)
    #expect(plan.values[plan.input] == ValueType(.f32, shape))
    for (output, reduction) in zip(plan.outputs, network.reductions) {
      #expect(
        plan.values[output.value]
          == ValueType(.f32, [shape[0], 11, shape[2] / reduction, shape[3] / reduction]))
    }
  }

  /// All networks of the folder, beside the shapes of what PyTorch computed.
  @Test(.enabled(if: folder != nil)) func outputsHavePyTorchsShapes() throws {
    let folder = try #require(folder)
    let names = try FileManager.default.contentsOfDirectory(atPath: folder)
      .filter { $0.hasSuffix(".onnx") }
    #expect(names.count > 10)
    for name in names {
      let graph = try ONNXFile.read("\(folder)/\(name)")
      let shapes = try WeightFile.shapes("\(folder)/\(name.dropLast(5)).safetensors")
      for input in [[3, 3, 64, 96], [1, 3, 64, 96], [3, 3, 32, 64]] {
        let plan = try graph.plan(for: input)
        for output in plan.outputs {
          let expected = try #require(shapes.first { $0.name == "out.eval." + output.name }).shape
          #expect(
            plan.values[output.value]?.shape
              == [input[0], expected[1], expected[2] * input[2] / 64, expected[3] * input[3] / 96],
            "\(name) \(input)")
        }
      }
      // Every parameter of which there is a gradient is needed, under its own name.
      let plan = try graph.plan(for: [3, 3, 64, 96])
      let stored = Dictionary(
        uniqueKeysWithValues: plan.initialisers.map { ($0.name, $0.shape) })
      for (name, shape) in shapes where name.hasPrefix("out.grad.") {
        let key = String(name.dropFirst("out.grad.".count))
        #expect(stored[key] == nil || stored[key] == shape, "\(name)")
      }
      #expect(!plan.initialisers.isEmpty)
    }
  }
}
