import Glibc
import Testing
import Torch

@Suite struct HostMemoryTests {
  /// Small blocks that stay must not keep a tensor of the same size from the place of the one before, or
  /// the heap grows with every step.
  @Test func whatATensorLeavesIsFoundAgain() {
    var kept: [UnsafeMutableRawPointer?] = []
    defer { kept.forEach { free($0) } }
    let places = (0..<200).map { round in
      let tensor = Tensor.zeros([25_000], .float32)
      // They go into whatever is left beside the tensor.
      kept += (1...4).map { malloc($0 * 16) }
      return Int(bitPattern: tensor.data)
    }
    #expect(Set(places).count < 50)
  }

  @Test func tensorsBeginWithACacheLine() {
    let tensors = (1...64).map { Tensor.zeros([$0], .float32) }
    #expect(tensors.allSatisfy { Int(bitPattern: $0.data) % 64 == 0 })
    #expect(Tensor.zeros([0], .float32).count == 0)
  }
}
