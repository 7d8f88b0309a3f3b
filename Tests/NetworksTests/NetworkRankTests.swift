import Networks
import Reduction
import TestSupport
import Testing
import Torch

/// A network in training computes the same on any number of ranks.
@Suite(.serialized) struct NetworkRankTests {
  private struct Outcome: Sendable {
    var logits: [Double]
    var gradients: [Double]
    var buffers: [Double]
  }

  /// Forward and backward of four images on ranks that hold `shares` of them.
  private func run(
    _ architecture: Architecture, shares: [Int], dropout: Bool, iteration: Int = 1,
    seed: UInt64 = 1,
    _ type: ElementType = .float64
  ) -> Outcome {
    let parts = SimulatedRanks.run(shares.count) { reducer -> Outcome in
      let start = shares[..<reducer.rank].reduce(0, +)
      let range = start..<start + shares[reducer.rank]
      let network = network(architecture, type)
      let output = network(
        photos(range, type),
        training(range, reducer, seed: seed, iteration: iteration, dropout: dropout, type))
      var roots = [(output: output.logits, gradient: Optional(output.logits.detached * 0.1))]
      if let logits = output.auxiliaryLogits { roots.append((logits, logits.detached * 0.1)) }
      Autograd.backward(roots)
      var gradients = network.state.parameters.flatMap { entry in
        entry.tensor.gradient?.doubles ?? [Double](repeating: 0, count: entry.tensor.count)
      }
      reducer.sum(&gradients)
      return Outcome(
        logits: output.logits.doubles, gradients: gradients,
        buffers: network.state.entries.filter { $0.role == .buffer }.flatMap { $0.tensor.doubles })
    }
    return Outcome(
      logits: parts.flatMap(\.logits), gradients: parts[0].gradients, buffers: parts[0].buffers)
  }

  @Test(
    arguments: [Architecture("psp_mobile"), "deeplabv3_resnet18", "lraspp_mobilenetv3"],
    [false, true])
  func splitsChangeNothing(_ architecture: Architecture, _ dropout: Bool) {
    let whole = run(architecture, shares: [4], dropout: dropout)
    #expect(whole.gradients.contains { $0 != 0 })
    for shares in [[2, 2], [3, 1], [0, 4]] {
      let split = run(architecture, shares: shares, dropout: dropout)
      #expect(difference(split.logits, whole.logits) < 1e-10, "\(shares)")
      #expect(difference(split.gradients, whole.gradients) < 1e-7, "\(shares)")
      #expect(difference(split.buffers, whole.buffers) < 1e-12, "\(shares)")
    }
  }

  /// In single precision only the gradients know the split: ranks add up their images' parts.
  @Test(arguments: [Architecture("psp_mobile"), "deeplabv3_resnet18", "lraspp_mobilenetv3"])
  func logitsAreTheSameBitsOnAnySplit(_ architecture: Architecture) {
    let whole = run(architecture, shares: [4], dropout: true, .float32)
    for shares in [[2, 2], [3, 1], [1, 1, 1, 1], [0, 4]] {
      let split = run(architecture, shares: shares, dropout: true, .float32)
      #expect(split.logits == whole.logits, "\(shares)")
      #expect(difference(split.gradients, whole.gradients) < 1e-4, "\(shares)")
    }
  }

  /// The pass with second derivatives computes what the usual one does, and moves no statistics.
  @Test(arguments: [[4], [3, 1]])
  func twiceDifferentiablePassesAreTheSame(_ shares: [Int]) {
    let plain = run("deeplabv3_resnet18", shares: [4], dropout: false)
    let parts = SimulatedRanks.run(shares.count) { reducer -> ([Double], [Double], Bool) in
      let start = shares[..<reducer.rank].reduce(0, +)
      let range = start..<start + shares[reducer.rank]
      let network = network("deeplabv3_resnet18")
      let before = network.state.entries.map(\.tensor.doubles)
      let output = Autograd.twiceDifferentiable {
        network(photos(range), training(range, reducer, isTwiceDifferentiable: true))
      }
      let isKept = before == network.state.entries.map(\.tensor.doubles)
      var roots = [(output: output.logits, gradient: Optional(output.logits.detached * 0.1))]
      if let logits = output.auxiliaryLogits { roots.append((logits, logits.detached * 0.1)) }
      Autograd.backward(roots)
      var gradients = network.state.parameters.flatMap { $0.tensor.gradient?.doubles ?? [] }
      reducer.sum(&gradients)
      return (output.logits.doubles, gradients, isKept)
    }
    #expect(difference(parts.flatMap(\.0), plain.logits) < 1e-10)
    #expect(difference(parts[0].1, plain.gradients) < 1e-7)
    #expect(parts.allSatisfy { $0.2 })
  }

  @Test func dropoutDependsOnSeedAndIteration() {
    let plain = run("psp_mobile", shares: [4], dropout: false).logits
    let first = run("psp_mobile", shares: [4], dropout: true).logits
    #expect(first != plain)
    #expect(run("psp_mobile", shares: [4], dropout: true).logits == first)
    #expect(run("psp_mobile", shares: [4], dropout: true, iteration: 2).logits != first)
    #expect(run("psp_mobile", shares: [4], dropout: true, seed: 2).logits != first)
  }

  /// The feature is what dropout 0.1 leaves: a tenth is 0, the rest is 10/9 of what it was.
  @Test func dropoutKeepsItsShare() throws {
    let range = 0..<4
    let plain = network("psp_mobile")(photos(range), training(range, SingleProcess()))
    let dropped = network("psp_mobile")(
      photos(range), training(range, SingleProcess(), dropout: true))
    let features = (try #require(dropped.feature), try #require(plain.feature))
    var (kept, gone, wrong) = (0, 0, 0)
    for (a, b) in zip(features.0.doubles, features.1.doubles) where b != 0 {
      if a == 0 {
        gone += 1
      } else if abs(a - b / 0.9) <= 1e-6 * abs(a) {
        kept += 1
      } else {
        wrong += 1
      }
    }
    let share = Double(gone) / Double(gone + kept)
    #expect(wrong == 0 && gone + kept > 3000 && abs(share - 0.1) < 0.02, "\(share) \(wrong)")
  }

  @Test func evaluationChangesNothing() {
    let network = network("deeplabv3_resnet18")
    let before = network.state.entries.map(\.tensor.doubles)
    let all = Autograd.withoutHistory { network(photos(0..<2), .evaluation(precision: .float64)) }
    let one = Autograd.withoutHistory { network(photos(1..<2), .evaluation(precision: .float64)) }
    let size = one.logits.count
    #expect(difference(Array(all.logits.doubles.suffix(size)), one.logits.doubles) < 1e-12)
    #expect(all.logits.shape == [2, 5, 4, 5] && all.auxiliaryLogits?.shape == [2, 5, 4, 5])
    #expect(network.state.entries.map(\.tensor.doubles) == before)
  }

  @Test(arguments: [
    (Architecture("psp_mobile"), 128), ("deeplab_mobile", 128), ("deeplab_mobile", 512),
  ])
  func featuresHaveTheHeadsWidth(_ architecture: Architecture, _ width: Int) {
    let network = network(architecture, width: width)
    let output = Autograd.withoutHistory {
      network(photos(0..<1), .evaluation(precision: .float64))
    }
    #expect(output.feature?.size(1) == width && network.headWidth == width)
    #expect(output.auxiliaryLogits == nil)
  }
}
