import Networks
import Reduction
import Testing
import Torch

/// The compiled network against the same network operator by operator.
@Suite struct FrozenNetworkTests {
  @Test(arguments: [
    Architecture("deeplabv3_resnet18"), "deeplabv3_resnet50", "deeplab_mobile", "psp_resnet18",
    "psp_mobile", "lraspp_mobilenetv3",
  ])
  func logitsAreTheEagerNetworks(architecture: Architecture) throws {
    let network = SegmentationNetwork(
      architecture, classCount: 7, start: Initialisation(seed: 5))
    let images = Self.images([2, 3, 50, 66])
    // A training pass moves the running statistics off 0 and 1, so that folding has work to do.
    let training = Pass.Training(
      reducer: SingleProcess(), seed: 1, iteration: 1, positions: 0..<2, dropout: false)
    _ = Autograd.withoutHistory { network(images, .training(training)) }

    let eager = Autograd.withoutHistory { network(images, .evaluation()) }
    let frozen = FrozenNetwork(network, precision: .float32)(images)
    try expectClose(frozen.logits, eager.logits)
    #expect((frozen.auxiliaryLogits == nil) == (eager.auxiliaryLogits == nil))
    if let mine = frozen.auxiliaryLogits, let theirs = eager.auxiliaryLogits {
      try expectClose(mine, theirs)
    }
    #expect(frozen.feature == nil)
    let tapped = FrozenNetwork(
      network, precision: .float32, withFeature: true, withStages: true)(images)
    try expectClose(tapped.logits, eager.logits)
    try expectClose(try #require(tapped.feature), try #require(eager.feature))
    let stages = Autograd.withoutHistory {
      network(images, .evaluation(), withStages: true).stages
    }
    #expect(tapped.stages.count == 3 && stages.count == 3 && eager.stages.isEmpty)
    for (mine, theirs) in zip(tapped.stages, stages) { try expectClose(mine, theirs) }
    // Another size, then the first again: plans are kept by size.
    let small = Self.images([1, 3, 33, 40])
    let other = Autograd.withoutHistory { network(small, .evaluation()) }
    try expectClose(FrozenNetwork(network, precision: .float32)(small).logits, other.logits)
  }

  private static func images(_ shape: [Int]) -> Tensor {
    let count = shape.reduce(1, *)
    return Tensor((0..<count).map { Float(($0 * 7919) % 255) - 110 }, shape)
  }

  private func expectClose(_ a: Tensor, _ b: Tensor) throws {
    #expect(a.shape == b.shape)
    let scale = b.magnitude.amax().item
    try #require(scale > 0)
    let error = (a - b).magnitude.amax().item / scale
    #expect(error < 1e-4, "relative error \(error)")
  }
}
