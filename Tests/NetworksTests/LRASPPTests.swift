import Foundation
import Networks
import Parity
import Reduction
import TestSupport
import Testing
import Torch
import WeightFiles

/// LR-ASPP on MobileNetV3-Large beside what ONNX Runtime computes for torchvision's export
/// (`Fixtures/onnx/make_lraspp.py`).
@Suite struct LRASPPTests {
  private static let (height, width) = (64, 96)

  /// The network without a normalisation of its images, with weights by formula.
  private static func network(
    classes: Int = 11, _ type: Torch.ElementType = .float32
  ) -> SegmentationNetwork {
    let network = SegmentationNetwork(
      "lraspp_mobilenetv3", classCount: classes,
      start: Initialisation(seed: nil, type: type), input: .bgrMinusMean)
    WeightFormula(tag: "lraspp").fill(network)
    return network
  }

  private static func images(_ count: Int) -> Tensor {
    let values = (0..<count).flatMap { index in
      WeightFormula(tag: "lraspp").signed("images.\(index)", count: 3 * height * width)
        .map { 2 * $0 }
    }
    return Tensor(values, [count, 3, height, width])
  }

  private static func difference(_ a: Tensor, _ b: [Float]) -> Float {
    zip(a.array(Float.self), b).map { ($0 - $1).magnitude }.max() ?? .infinity
  }

  @Test func theLogitsAreThoseOfTheExport() throws {
    let archive = try WeightFile.read(Repository.fixture("onnx/lraspp.safetensors"))
    let expected = Tensor(try #require(archive["out.logits"]))
    let network = Self.network()
    let logits = Autograd.withoutHistory { network(Self.images(2), .evaluation()).logits }
    #expect(logits.shape == expected.shape)
    #expect(Self.difference(logits, expected.array(Float.self)) < 1e-5)
    let frozen = FrozenNetwork(network, precision: .float32)
    #expect(Self.difference(frozen(Self.images(2)).logits, expected.array(Float.self)) < 1e-5)
  }

  /// An export's own weights, logits, gradients and running statistics, where somebody has them.
  @Test(
    .enabled(if: ProcessInfo.processInfo.environment["RDD_LRASPP_FOLDER"] != nil),
    arguments: [false, true])
  func theExportItself(isTraining: Bool) throws {
    let folder = ProcessInfo.processInfo.environment["RDD_LRASPP_FOLDER"] ?? ""
    let weights = try WeightFile.read(folder + "/weights.safetensors")
    let file = try WeightFile.read(folder + "/lraspp_export.safetensors")
    func values(_ name: String) throws -> Tensor { Tensor(try #require(file[name])) }
    // In float32 gradients of ours differ from the file's by up to a hundredth of the largest.
    let type: Torch.ElementType = isTraining ? .float64 : .float32
    let network = Self.network(classes: 11, type)
    _ = try network.state.load(weights, from: "weights", network: "lraspp_mobilenetv3")
    let images = try values("in.images").to(type)
    func full(_ logits: Tensor) -> Tensor {
      Functional.upsample(
        logits, height: images.size(2), width: images.size(3), grid: .halfPixels)
    }
    guard isTraining else {
      let logits = Autograd.withoutHistory { full(network(images, .evaluation()).logits) }
      #expect(Self.difference(logits, try values("out.eval.logits").array(Float.self)) < 1e-5)
      let frozen = full(FrozenNetwork(network, precision: .float32)(images).logits)
      #expect(Self.difference(frozen, try values("out.eval.logits").array(Float.self)) < 1e-5)
      return
    }
    let pass = Pass.Training(
      reducer: SingleProcess(), seed: 1, iteration: 1, positions: 0..<3, dropout: false)
    let logits = full(network(images, .training(pass, precision: type)).logits)
    let expected = try values("out.train.logits").array(Float.self)
    let largest = expected.map(\.magnitude).max() ?? 0
    #expect(Self.difference(logits, expected) < 1e-4 * largest)
    Autograd.backward([(logits, try values("in.cotangent.logits").to(type))])
    for entry in network.state.parameters {
      let gradient = try values("out.grad.m." + entry.name).array(Float.self)
      let largest = gradient.map(\.magnitude).max() ?? 0
      let own = try #require(entry.tensor.gradient)
      // Norms take the mean away: what is added before them has a gradient of 0, which the file's float32
      // rounds to less than 1e-3.
      let isNone = largest < 1e-3
      let expected = isNone ? [Float](repeating: 0, count: gradient.count) : gradient
      #expect(
        Self.difference(own, expected) <= (isNone ? 1e-6 : 1e-4 * largest), "\(entry.name)")
    }
    for entry in network.state.entries where entry.name.contains("running_") {
      let running = try values("out.running.m." + entry.name).array(Float.self)
      #expect(Self.difference(entry.tensor, running) < 1e-5, "\(entry.name)")
    }
  }

  /// The names and shapes of torchvision's file.
  @Test func namesAreTorchvisions() {
    let state = Self.network(classes: 21).state
    for (name, shape) in [
      ("backbone.0.0.weight", [16, 3, 3, 3]), ("backbone.4.block.2.fc1.weight", [24, 72, 1, 1]),
      ("backbone.13.block.1.0.weight", [672, 1, 5, 5]), ("backbone.16.0.weight", [960, 160, 1, 1]),
      ("classifier.cbr.1.running_var", [128]), ("classifier.scale.1.weight", [128, 960, 1, 1]),
      ("classifier.low_classifier.bias", [21]),
      ("classifier.high_classifier.weight", [21, 128, 1, 1]),
    ] {
      #expect(state[name]?.shape == shape, "\(name)")
    }
    // torchvision's file has 3,221,538 parameters in 21 classes.
    #expect(state.parameters.reduce(0) { $0 + $1.tensor.count } == 3_221_538)
  }
}
