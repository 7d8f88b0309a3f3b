import Foundation
import Networks
import TestSupport
import Testing
import Torch
import WeightFiles

/// Weights go from PyTorch to rdd and back, and mean the same in both.
///
/// `Tests/Fixtures/pytorch/interchange.py` is the other side: the networks as PyTorch modules.
@Suite(
  .serialized,
  .enabled(
    if: DebianPython.hasTorch,
    "/usr/bin/python3 has no torch: install the Debian package python3-torch"))
struct PyTorchTests {
  @Test(arguments: [
    ("deeplabv3_resnet18", "zip"), ("deeplabv3_resnet18", "legacy"),
    ("deeplabv3_resnet50", "zip"), ("psp_resnet18", "legacy"), ("deeplab_mobile", "zip"),
    ("psp_mobile", "zip"),
  ])
  func itsStateDictLoads(_ name: String, _ layout: String) throws {
    try withTemporaryFolder { folder in
      try PyTorch.run(["write", name, layout, folder.path])
      try expectEqualOutputs(name, folder.appending(path: "weights.pth").path, folder)
    }
  }

  @Test(arguments: ["deeplabv3_resnet18", "psp_mobile"])
  func oursLoadsWithoutAKeyMissingOrLeftOver(_ name: String) throws {
    try withTemporaryFolder { folder in
      let run = try Run(folder)
      let result = try run.train(
        "run", ranks: nil, set: ["train.iterations=2", "student.network=\(name)"])
      try #require(result.exitCode == 0, "\(result)")
      let weights = run.path("run/student.safetensors")
      let images = (0..<PyTorch.shape.reduce(1, *)).map { Float(($0 * 7919) % 255) - 127 }
      try images.withUnsafeBytes {
        try Data($0).write(to: folder.appending(path: "input.f32"))
      }
      try PyTorch.run(["read", name, weights, folder.path])
      try expectEqualOutputs(name, weights, folder)
    }
  }

  /// A backbone of `torch.save`, through `rdd convert` to safetensors, and back.
  @Test(arguments: ["zip", "legacy"])
  func aBackboneComesBackAsItWas(_ layout: String) throws {
    try withTemporaryFolder { folder in
      try PyTorch.run(["backbone", "deeplabv3_resnet18", layout, folder.path])
      func path(_ name: String) -> String { folder.appending(path: name).path }
      func convert(_ from: String, _ to: String) throws {
        let options = ["--out", path(to), "--network", "deeplabv3_resnet18"]
        let result = try MPIRun.run(
          ranks: nil, program: "rdd", arguments: ["convert", path(from)] + options, timeout: 60)
        try #require(result.exitCode == 0, "\(result)")
      }
      try convert("backbone.pth", "backbone.safetensors")
      try convert("backbone.safetensors", "again.pth")
      // PyTorch compares keys, types and values, and loads them strictly.
      try PyTorch.run(["same", "deeplabv3_resnet18", path("again.pth"), folder.path])
    }
  }

  /// Compares the outputs in a folder with ours of the same weights and input.
  private func expectEqualOutputs(_ name: String, _ weights: String, _ folder: URL) throws {
    let architecture = try #require(Architecture(rawValue: name))
    let network = SegmentationNetwork(
      architecture, classCount: PyTorch.classCount, start: Initialisation(seed: nil))
    try network.state.load(try WeightFile.read(weights), from: weights, network: name)
    func values(_ name: String) throws -> [Float] {
      try Data(contentsOf: folder.appending(path: "\(name).f32")).withUnsafeBytes {
        Array($0.bindMemory(to: Float.self))
      }
    }
    let images = Tensor(try values("input"), PyTorch.shape)
    let eager = Autograd.withoutHistory { network(images, .evaluation()) }
    let compiled = FrozenNetwork(network, precision: .float32)(images)
    for (engine, output) in [("eager", eager), ("compiled", compiled)] {
      let main = relativeError(output.logits, try values("main"))
      #expect(main < 1e-5, "\(engine) \(name): \(main)")
      #expect((output.auxiliaryLogits != nil) == architecture.card?.hasAuxiliaryHead)
      guard let logits = output.auxiliaryLogits else { continue }
      let auxiliary = relativeError(logits, try values("auxiliary"))
      #expect(auxiliary < 1e-5, "\(engine) \(name): \(auxiliary)")
    }
  }

  /// The largest difference, relative to the largest expected value.
  private func relativeError(_ found: Tensor, _ expected: [Float]) -> Float {
    let found = found.contiguous().array(Float.self)
    guard found.count == expected.count, let largest = expected.map(\.magnitude).max() else {
      return .infinity
    }
    let error = zip(found, expected).map { ($0 - $1).magnitude }.max() ?? .infinity
    return error.isNaN || largest == 0 ? .infinity : error / largest
  }
}

/// Debian's PyTorch.
private enum PyTorch {
  /// What `interchange.py` works with.
  static let classCount = 11
  static let shape = [2, 3, 40, 56]

  /// Runs `interchange.py`.
  static func run(_ arguments: [String]) throws {
    let result = try DebianPython.run("interchange.py", arguments)
    try #require(result.exitCode == 0, "\(result)")
  }
}
