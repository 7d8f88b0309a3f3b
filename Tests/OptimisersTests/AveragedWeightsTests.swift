import Optimisers
import TestSupport
import Testing
import Torch

@Suite struct AveragedWeightsTests {
  /// Iteration n keeps (1 + n) / (10 + n) of the old average, and at most the decay; counters are copied.
  @Test(arguments: [ElementType.float32, .float64], [0.25, 0.999])
  func theAverageFollowsTheValues(_ type: ElementType, _ decay: Double) {
    let (weight, counter) = (Tensor([1.0, -2], [1, 2]).to(type), Tensor([Int64(5)], []))
    let averages = AveragedWeights([("weight", weight), ("counter", counter)], decay: decay)
    var expected = [1.0, -2]
    for iteration in 1...40 {
      let values = [Double(iteration % 7), Double(iteration) / 4]
      weight.copy(from: Tensor(values, [1, 2]))
      counter.fill(Double(iteration))
      averages.add(iteration: iteration)
      let kept = min(decay, Double(1 + iteration) / Double(10 + iteration))
      for index in 0..<2 { expected[index] = kept * expected[index] + (1 - kept) * values[index] }
      let found = averages.entries.map { $0.average.array(Double.self) }
      #expect(difference(found[0], expected) < (type == .float64 ? 1e-14 : 1e-6))
      #expect(found[1] == [Double(iteration)])
    }
    #expect(averages.entries.map(\.name) == ["weight", "counter"])
  }

  /// The network has the averages for a while, with the bits that it had before and after.
  @Test func weightsAreLentAndComeBack() {
    let bits: [Float] = [-0.0, 0.1, .leastNonzeroMagnitude, -3e38]
    let weight = Tensor(bits, [4])
    weight.requiresGradient = true
    let averages = AveragedWeights([("weight", weight)], decay: 0.5)
    Autograd.withoutHistory { weight.fill(7) }
    func values(_ tensor: Tensor) -> [UInt32] {
      tensor.detached.array(Float.self).map(\.bitPattern)
    }
    let inside = averages.lent { values(weight) }
    #expect(inside == bits.map(\.bitPattern))
    #expect(weight.detached.array(Float.self) == [7, 7, 7, 7])
    #expect(values(averages.entries[0].average) == bits.map(\.bitPattern))
    struct Failure: Error {}
    #expect(throws: Failure.self) { try averages.lent { throw Failure() } }
    #expect(weight.detached.array(Float.self) == [7, 7, 7, 7])
    averages.restart()
    #expect(averages.entries[0].average.array(Float.self) == [7, 7, 7, 7])
  }
}
