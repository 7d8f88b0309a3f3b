import Networks
import Optimisers
import Parity
import Reduction
import Steps
import TestSupport
import Testing
import Torch

/// The optimiser, its schedule and the buffers that it works on.
@Suite struct OptimiserTests {
  @Test(arguments: [ElementType.float32, .float64])
  func referenceNumbers(_ type: ElementType) throws {
    let file = try ParityFile(Repository.fixture("golden/optim.safetensors"))
    let run = ParityRun(engine: .reference, precision: type)
    let lines = try ParityCheck.lines(file, run)
    #expect(lines.count == 3)
    for line in lines { #expect(line.ok, "\(line.text)") }
  }

  /// Three steps of a parabola by hand: momentum, weight decay, and gradients that go back to 0.
  @Test(arguments: [(ElementType.float32, false), (.float64, false), (.float32, true)])
  func stepsByHand(_ type: ElementType, exactSums: Bool) {
    let parameter = Tensor([1.0, -2], [2]).to(type)
    let other = Tensor([4.0], [1]).to(type)
    parameter.requiresGradient = true
    other.requiresGradient = true
    let flat = FlatParameters([("first", parameter), ("second", other)], exactSums: exactSums)
    #expect(flat.isExact == exactSums)
    let update = ParameterUpdate(SGD(momentum: 0.5), weightDecay: 0.25)
    var (p, m) = ([1.0, -2, 4], [0.0, 0, 0])
    for step in 1...3 {
      flat.beginSums()
      Autograd.backward([((parameter * parameter).sum() + other.sum(), nil)])
      for place in flat.places { flat.handOver(place) }
      #expect(flat.takeSums(SingleProcess()).isFinite)
      let gradient = [2 * p[0], 2 * p[1], 1]
      for index in 0..<3 {
        m[index] = 0.5 * m[index] + gradient[index] + 0.25 * p[index]
        p[index] -= 0.125 / Double(step) * m[index]
      }
      update(flat.buffers, rate: 0.125 / Double(step))
      let found = parameter.detached.array(Double.self) + other.detached.array(Double.self)
      #expect(zip(found, p).allSatisfy { abs($0 - $1) < (type == .float64 ? 1e-15 : 1e-6) })
      #expect(exactSums || flat.gradients.array(Double.self) == [0, 0, 0])
    }
  }

  /// What a device's gradients go through: to host memory, there summed, and back.
  @Test func stagedGradientsComeBackSummed() {
    let parameter = Tensor([1.0, -2], [2])
    let other = Tensor([4.0], [1])
    parameter.requiresGradient = true
    other.requiresGradient = true
    let flat = FlatParameters([("first", parameter), ("second", other)], staged: true)
    Autograd.backward([((parameter * parameter).sum() + other.sum(), nil)])
    for place in flat.places { flat.handOver(place) }
    let buffers = flat.gradientBuffers().map { $0.bytes.bindMemory(to: Double.self) }
    #expect(buffers.map(Array.init) == [[1], [2, -4]])
    // A second rank's, as an allreduce would add them.
    for buffer in buffers { for index in buffer.indices { buffer[index] += 10 } }
    #expect(flat.gradients.array(Double.self) == [1, 2, -4])
    _ = flat.takeSums(SingleProcess())
    #expect(flat.gradients.array(Double.self) == [11, 12, 6])
  }

  /// A gradient that is not finite, or far larger than the momentum, spoils no grid.
  @Test func gridsFollowTheMomentumAlone() {
    let parameter = Tensor([1.0, -2], [2]).to(.float32)
    parameter.requiresGradient = true
    let flat = FlatParameters([("only", parameter)], exactSums: true)
    let update = ParameterUpdate(SGD(momentum: 0.5), weightDecay: 0)
    func step(_ gradient: [Double]) -> FlatParameters.SumReport {
      flat.beginSums()
      let value = Tensor(gradient, [2]).to(.float32)
      Autograd.backward([(parameter * 1, value)])
      for place in flat.places { flat.handOver(place) }
      return flat.takeSums(SingleProcess())
    }
    // Without momentum the first one is beyond the first grid.
    #expect(step([1, 3]).coarse == 1)
    update(flat.buffers, rate: 0)
    #expect(step([1, 3]).coarse == 0)
    #expect(flat.gradients.array(Float.self) == [1, 3])
    #expect(!step([.nan, 1]).isFinite)
    #expect(!step([1, -.infinity]).isFinite)
    // 3 is below 4, with six digits of head room 256.
    #expect(step([255.5, 0x1p-30]).coarse == 0)
    #expect(step([256, 0x1p-30]).coarse == 1)
    #expect(flat.gradients.array(Float.self) == [256, 0x1p-30])
    #expect(step([1, 3]).coarse == 0)
  }

  /// An update that overflows is told at once: no later one makes its parameter finite again.
  @Test(arguments: [(ElementType.float32, false), (.float64, false), (.float32, true)])
  func updatesTellWhetherWeightsAreFinite(_ type: ElementType, exactSums: Bool) {
    let parameter = Tensor([1.0, -2], [2]).to(type)
    parameter.requiresGradient = true
    let flat = FlatParameters([("only", parameter)], exactSums: exactSums)
    let update = ParameterUpdate(SGD(momentum: 1), weightDecay: 0)
    func isFinite(_ momentum: Double) -> Bool {
      Autograd.withoutHistory { flat.momentum.fill(momentum) }
      return update(flat.buffers, rate: 2)
    }
    #expect(isFinite(1))
    #expect(isFinite(type == .float64 ? 1e300 : 1e37))
    #expect(!isFinite(type == .float64 ? 1.5e308 : 3e38))
    #expect(!isFinite(0))
  }

  @Test func parametersLieInOneBufferLastFirst() throws {
    let network = SegmentationNetwork("psp_mobile", classCount: 3, start: Initialisation(seed: 1))
    let before = network.state.parameters.map { $0.tensor.detached.array(Float.self) }
    let flat = FlatParameters(network)
    #expect(network.state.parameters.map { $0.tensor.detached.array(Float.self) } == before)
    #expect(flat.places.map(\.name) == network.state.parameters.map(\.name).reversed())
    #expect(flat.values.array(Float.self) == before.reversed().flatMap { $0 })
    let place = try #require(flat.places.last)
    #expect(place.range.upperBound == network.state.parameterCount)
    // One memory: what the optimiser writes, the layers read.
    Autograd.withoutHistory { flat.values.fill(2) }
    #expect(
      network.state.parameters.allSatisfy {
        $0.tensor.detached.array(Float.self).allSatisfy { $0 == 2 }
      })
    Autograd.backward([((place.parameter * 3).sum(), nil)])
    #expect(flat.gradients.array(Float.self).suffix(place.range.count).allSatisfy { $0 == 3 })
  }
}
