import Testing
import Torch

@Suite struct HostMemoryTests {
  @Test func tensorsBeginWithACacheLine() {
    let tensors = (1...64).map { Tensor.zeros([$0], .float32) }
    #expect(tensors.allSatisfy { Int(bitPattern: $0.data) % 64 == 0 })
    #expect(Tensor.zeros([0], .float32).count == 0)
  }
}
