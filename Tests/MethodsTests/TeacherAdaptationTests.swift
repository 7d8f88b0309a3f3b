import Networks
import Reduction
import TestSupport
import Testing
import Torch

/// `ta`: norms that follow the batch of all ranks, and the loss of Learning without Forgetting.
@Suite struct TeacherAdaptationTests {
  /// One channel, two values on one rank and four on another.
  private func adapted(_ steps: Int) -> (mean: Double, variance: Double, first: Double) {
    let parts = SimulatedRanks.run(2) { reducer -> [Double] in
      let values = [[1.0, 3], [5, 7, 9, 11]][reducer.rank]
      let scope = Scope(
        state: StateDict(), prefix: "", start: Initialisation(seed: nil, type: .float64))
      let norm = BatchNorm(scope, 1)
      let x = Tensor(values, [1, 1, 1, values.count])
      let pass = Pass.training(
        .init(reducer: reducer, seed: 0, iteration: 1, positions: 0..<1, dropout: false),
        precision: .float64)
      var y = x
      for _ in 0..<steps { y = Autograd.withoutHistory { norm(x, pass) } }
      return [norm.runningMean.item, norm.runningVariance.item, y.array(Double.self)[0]]
    }
    return (parts[0][0], parts[0][1], parts[0][2])
  }

  @Test func normsFollowTheBatch() {
    let once = adapted(1)
    #expect(isClose(once.mean, 0.6) && isClose(once.variance, 2.3))
    #expect(isClose(once.first, -1.4638494821), "\(once.first)")
    #expect(isClose(adapted(20).mean, 5.2705400725))
  }

  @Test(arguments: [1, 2])
  func learningWithoutForgetting(_ ranks: Int) {
    let outcome = FixA.run("ta", ["lwf": "1"], ranks: ranks)
    #expect(isClose(outcome.terms["ta.lwf"], 0.9846038526), "\(outcome.terms)")
  }
}
