import Methods
import Networks
import TestSupport
import Testing
import Torch

/// `r2kd` on the fixture, the whole teacher as target and no second view; pruning by hand.
@Suite struct CorrelationDistanceTests {
  private let plain = ["teacher_share": "1", "view": "none"]

  @Test(arguments: [1, 2])
  func values(_ ranks: Int) {
    let outcome = FixA.run("r2kd", plain, ranks: ranks)
    #expect(isClose(2 * (outcome.terms["r2kd.pixels"] ?? 0), 0.2985960780), "\(outcome.terms)")
    #expect(isClose(2 * (outcome.terms["r2kd.classes"] ?? 0), 0.2912335149))
    #expect(isClose(2 * (outcome.terms["r2kd.rank"] ?? 0), 0.3333333333))
    #expect(isClose(outcome.loss, 0.2985960780 + 0.2912335149))
    let weighted = FixA.run("r2kd", plain, ranks: ranks, weighted: true)
    #expect(isClose(2 * (weighted.terms["r2kd.pixels"] ?? 0), 0.3035200587))
    #expect(isClose(2 * (weighted.terms["r2kd.classes"] ?? 0), 0.2932189147))
  }

  @Test func softRanks() {
    let soft = FixA.run("r2kd", plain.merging(["rank": "soft"]) { $1 })
    #expect(isClose(2 * (soft.terms["r2kd.rank"] ?? 0), 0.2039677488), "\(soft.terms)")
    let hard = FixA.run("r2kd", plain)
    let squares = zip(soft.gradient, hard.gradient).map { ($0 - $1) * ($0 - $1) }
    #expect(isClose(squares.reduce(0, +).squareRoot(), 0.3209531500))
  }

  @Test func pruning() {
    #expect([5, 15, 25, 100].map { Pruning.count($0, rate: 0.1) } == [0, 2, 2, 10])
    let network = ToyNetwork(width: 3, seed: 1)
    let before = network.state.entries.map { $0.tensor.detached.array(Double.self) }
    Pruning.prune(network.state, rate: 0.25)
    for (entry, old) in zip(network.state.entries, before) {
      let new = entry.tensor.detached.array(Double.self)
      let gone = new.indices.filter { new[$0] != old[$0] }
      let isConvolution = entry.tensor.shape.count == 4
      #expect(gone.count == (isConvolution ? Pruning.count(new.count, rate: 0.25) : 0))
      let largest = gone.map { abs(old[$0]) }.max() ?? 0
      #expect(
        new.indices.allSatisfy { gone.contains($0) || abs(new[$0]) >= largest || !isConvolution })
    }
  }
}
