import Networks
import ONNX
import Randomness
import Reduction
import TestSupport
import Testing
import Torch

/// Every operator beside ONNX Runtime's numbers, and its gradient beside differences of its values.
@Suite(.serialized) struct GraphOperatorTests {
  static let files = ["operators", "operators_11"]

  @Test(arguments: files)
  func valuesAreThoseOfONNXRuntime(_ name: String) throws {
    let fixture = try GraphFixture(name)
    let network = try fixture.network()
    let values = Autograd.withoutHistory { network.values(fixture.images, .evaluation()) }
    #expect(values.count == fixture.outputs.count && values.count > 10)
    for (output, value) in zip(fixture.outputs, values) {
      let expected = fixture.tensor("out.eval.\(output)")
      #expect(value.shape == expected.shape, "\(output)")
      let largest = expected.doubles.reduce(0) { max($0, $1.magnitude) }
      #expect(
        difference(value.doubles, expected.doubles) <= 2e-5 * max(largest, 1), "\(output)")
    }
  }

  /// What does not depend on its operands where it is smooth.
  private static let steps: Set<String> = ["Cast", "Cast_whole", "Pow_0.0"]

  /// In float64 the slope along a direction of all parameters is the difference of values.
  @Test(arguments: files)
  func gradientsAreSlopes(_ name: String) throws {
    let fixture = try GraphFixture(name)
    let network = try fixture.network(.float64)
    let images = fixture.images.to(.float64)
    let parameters = network.state.parameters.map(\.tensor)
    var random = CounterRandom(.test, seed: 7, 61)
    func noise(_ shape: [Int]) -> Tensor {
      Tensor((0..<shape.reduce(1, *)).map { _ in random.normal() }, shape)
    }
    let directions = parameters.map { noise($0.shape) }
    let pass = Pass.evaluation(precision: .float64)
    let values = network.values(images, pass)
    let cotangents = values.map { noise($0.shape) }
    func weighted(_ values: [Tensor]) -> [Double] {
      zip(values, cotangents).map { ($0.detached * $1).sum().item }
    }
    func moved(_ step: Double) -> [Double] {
      Autograd.withoutHistory {
        for (parameter, direction) in zip(parameters, directions) {
          parameter.add(direction, times: step)
        }
        defer {
          for (parameter, direction) in zip(parameters, directions) {
            parameter.add(direction, times: -step)
          }
        }
        return weighted(network.values(images, pass))
      }
    }
    let step = 1e-7
    let differences = zip(moved(step), moved(-step)).map { ($0 - $1) / (2 * step) }
    for (index, output) in fixture.outputs.enumerated() {
      for parameter in parameters { parameter.gradient = nil }
      let again = network.values(images, pass)[index]
      guard again.requiresGradient else {
        #expect(Self.steps.contains(output), "\(output) has no gradient")
        continue
      }
      Autograd.backward([(again, cotangents[index])])
      let slope = zip(parameters, directions).reduce(0) { sum, pair in
        sum + (pair.0.gradient.map { ($0 * pair.1).sum().item } ?? 0)
      }
      let size = max(differences[index].magnitude, slope.magnitude, 1)
      #expect(abs(slope - differences[index]) <= 1e-5 * size, "\(output) \(slope)")
    }
  }
}
