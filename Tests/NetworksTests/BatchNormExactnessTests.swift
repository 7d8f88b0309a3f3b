import Networks
import Reduction
import Testing
import Torch

/// BatchNorm's sums over images, with values whose float64 sums follow the split over ranks.
@Suite struct BatchNormExactnessTests {
  /// Where the values stand that float64 sums lose.
  enum Place: CaseIterable {
    case input, gradient
    /// The input of a pass that can be differentiated twice.
    case inputOfTwice
  }

  private struct Outcome: Sendable, Equatable {
    var output: [UInt32] = []
    var input: [UInt32] = []
    var buffers: [UInt32] = []
    var parameters: [UInt32] = []
  }

  /// 2^60 - 2^60 + 1 is 1, and 2^60 + (-2^60 + 1) is 0.
  private static let values: [Float] = [0x1p60, -0x1p60, 1, 3]

  private static func bits(_ tensor: Tensor) -> [UInt32] {
    tensor.detached.to(.float32).array(Float.self).map(\.bitPattern)
  }

  /// A pass forward and backward of four images of one pixel, on ranks that hold `shares` of them.
  private func run(_ shares: [Int], _ place: Place) -> Outcome {
    let parts = SimulatedRanks.run(shares.count) { reducer -> Outcome in
      let start = shares[..<reducer.rank].reduce(0, +)
      let mine = start..<start + shares[reducer.rank]
      let norm = BatchNorm(
        Scope(state: StateDict(), prefix: "", start: Initialisation(seed: 1)), 1)
      let pass = Pass.training(
        Pass.Training(
          reducer: reducer, seed: 1, iteration: 1, positions: mine, dropout: false,
          isTwiceDifferentiable: place == .inputOfTwice))
      let plain: [Float] = [0.5, -1, 2, 0.25]
      func images(_ values: [Float]) -> Tensor {
        Tensor(Array(values[mine]), [mine.count, 1, 1, 1])
      }
      let x = images(place == .gradient ? plain : Self.values)
      x.requiresGradient = true
      let y = norm(x, pass)
      Autograd.backward([(y, images(place == .gradient ? Self.values : plain))])
      let gradients = [norm.weight, norm.bias].map { parameter -> Tensor in
        guard let gradient = parameter.gradient else { return parameter.zerosLike }
        return gradient
      }
      return Outcome(
        output: Self.bits(y), input: x.gradient.map(Self.bits) ?? [],
        buffers: Self.bits(norm.runningMean) + Self.bits(norm.runningVariance),
        // Without a step's sums of gradients, those of the third pass are of a rank's own images.
        parameters: reducer.rank == 0 && place != .inputOfTwice ? gradients.flatMap(Self.bits) : [])
    }
    return Outcome(
      output: parts.flatMap(\.output), input: parts.flatMap(\.input), buffers: parts[0].buffers,
      parameters: parts[0].parameters)
  }

  @Test(arguments: Place.allCases)
  func splitsChangeNoBit(_ place: Place) {
    let whole = run([4], place)
    #expect(whole.output.count == 4 && whole.input.count == 4)
    for shares in [[1, 3], [2, 2], [3, 1], [1, 1, 2], [1, 2, 1], [1, 1, 1, 1], [0, 4]] {
      #expect(run(shares, place) == whole, "\(shares)")
    }
  }
}
