import Files
import Networks
import ONNX
import Randomness
import Reduction
import TestSupport
import Testing
import Torch
import WeightFiles

/// A network, three images, and, where there is such a file, what PyTorch or ONNX Runtime computes for them.
struct GraphFixture: Sendable {
  let graph: Graph
  /// `[3, 3, H, W]`.
  let images: Tensor
  private let numbers: TensorArchive?

  init(_ name: String) throws {
    graph = try ONNXFile.read(Repository.fixture("onnx/\(name).onnx"))
    let path = Repository.fixture("onnx/\(name).safetensors")
    numbers = (try? FileStore().status(path)) == nil ? nil : try WeightFile.read(path)
    if let images = numbers?["in.images"] {
      self.images = Tensor(images)
    } else {
      var random = CounterRandom(.test, seed: 5, 63)
      images = Tensor((0..<3 * 3 * 64 * 96).map { _ in Float(random.normal()) }, [3, 3, 64, 96])
    }
  }

  /// The names of the outputs.
  var outputs: [String] { graph.outputs.map(\.name) }

  /// What is expected; empty where nothing is.
  func tensor(_ name: String) -> Tensor {
    numbers?[name].map(Tensor.init) ?? Tensor.zeros([0])
  }

  func network(_ type: Torch.ElementType = .float32) throws -> GraphNetwork {
    try GraphNetwork(
      graph, outputs: outputs, size: Pair(images.size(2), images.size(3)), type: type)
  }
}

/// The bits of a training pass forward and backward, of which gradients are exact sums.
struct GraphBits: Sendable, Equatable {
  var outputs: [[UInt32]] = []
  var gradients: [[UInt32]] = []
  var statistics: [[UInt32]] = []

  /// A pass of the fixture's images on ranks that hold `shares` of them.
  init(of fixture: GraphFixture, shares: [Int]) throws {
    let parts = SimulatedRanks.run(shares.count) { reducer in
      Result { try GraphBits(fixture, shares, reducer) }
    }
    let ranks = try parts.map { try $0.get() }
    self = ranks[0]
    outputs = outputs.indices.map { index in ranks.flatMap { $0.outputs[index] } }
  }

  /// One rank's part.
  private init(
    _ fixture: GraphFixture, _ shares: [Int], _ reducer: any Reducer
  ) throws {
    func bits(_ tensor: Tensor) -> [UInt32] { tensor.detached.array(Float.self).map(\.bitPattern) }
    let network = try fixture.network()
    let sums = network.state.parameters.map { entry -> (Tensor, GradientSum, units: Tensor) in
      let units = Tensor.zeros([entry.tensor.count], .int64)
      let sum = GradientSum(entry.tensor, units: units)
      sum.begin(top: 24)
      return (entry.tensor, sum, units)
    }
    let start = shares[..<reducer.rank].reduce(0, +)
    let range = start..<start + shares[reducer.rank]
    let values = network.values(
      fixture.images.narrowed(0, range).clone(), training(range, reducer, .float32))
    Autograd.backward(
      values.filter(\.requiresGradient).map { ($0, ($0.detached * 0.25).clamped(-4, 4)) })
    for (parameter, sum, units) in sums {
      if let rest = parameter.gradient { sum.add(rest) }
      #expect(sum.finish() == 0, "an addend of 2^24 or more")
      var numbers = units.array(Int64.self)
      reducer.sum(&numbers)
      units.copy(from: Tensor(numbers, [numbers.count]))
      let whole = Tensor.zeros([numbers.count])
      sum.take(into: whole, levels: 0)
      gradients.append(bits(whole))
    }
    outputs = values.map(bits)
    statistics = network.state.entries.filter { $0.role == .buffer }.map { bits($0.tensor) }
  }
}
