import Networks
import TestSupport
import Testing
import Torch

/// How images lie on ranks and threads changes no bit of a graph's outputs, gradients and statistics.
@Suite(.serialized) struct GraphExactnessTests {
  static let fixtures = ["operators", "operators_11", "plain", "vit", "realtime_export"]

  @Test(arguments: fixtures)
  func splitsChangeNoBit(_ name: String) throws {
    let fixture = try GraphFixture(name)
    let threads = TorchRuntime.threads
    defer { TorchRuntime.threads = threads }
    TorchRuntime.threads = 1
    let whole = try GraphBits(of: fixture, shares: [3])
    #expect(whole.gradients.joined().contains { $0 != 0 })
    for shares in [[1, 2], [1, 1, 1], [2, 0, 1], [3]] {
      TorchRuntime.threads = shares.count == 3 ? 2 : 3
      let split = try GraphBits(of: fixture, shares: shares)
      for (index, output) in fixture.outputs.enumerated() {
        #expect(split.outputs[index] == whole.outputs[index], "\(shares) \(output)")
      }
      let names = try fixture.network().state.parameters.map(\.name)
      for (index, name) in names.enumerated() {
        #expect(split.gradients[index] == whole.gradients[index], "\(shares) \(name)")
      }
      #expect(split.statistics == whole.statistics, "\(shares)")
    }
  }

  /// An image comes to the bits in evaluation that it comes to among others.
  @Test(arguments: fixtures)
  func anImageIsByItself(_ name: String) throws {
    let fixture = try GraphFixture(name)
    let network = try fixture.network()
    func bits(_ images: Tensor) -> [[UInt32]] {
      Autograd.withoutHistory { network.values(images, .evaluation()) }.map {
        $0.array(Float.self).map(\.bitPattern)
      }
    }
    let all = bits(fixture.images)
    let single = (0..<3).map { bits(fixture.images.narrowed(0, $0..<$0 + 1).clone()) }
    for index in all.indices {
      #expect(single.flatMap { $0[index] } == all[index], "\(fixture.outputs[index])")
    }
  }
}
