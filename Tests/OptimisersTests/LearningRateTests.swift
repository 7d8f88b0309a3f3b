import Optimisers
import Testing

@Suite struct LearningRateTests {
  /// PyTorch 1.13: `LinearLR(start_factor=0.25, total_iters=4)` on a rate of 0.5.
  @Test func theWarmUpIsThatOfPyTorch() {
    let flat = PolynomialSchedule(base: 0.5, iterations: 100, power: 0)
    let rate = LearningRate(flat, warmupIterations: 4, warmupFactor: 0.25)
    #expect((1...6).map { rate.rate($0) } == [0.125, 0.21875, 0.3125, 0.40625, 0.5, 0.5])
  }

  /// The schedule goes on below the warm-up; without one no bit of it changes.
  @Test func theScheduleIsMultiplied() {
    let schedule = PolynomialSchedule(base: 0.02, iterations: 30, power: 0.9)
    let warm = LearningRate(schedule, warmupIterations: 10, warmupFactor: 0)
    let plain = LearningRate(schedule)
    for iteration in 1...30 {
      #expect(plain.rate(iteration) == schedule.rate(iteration))
      let factor = min(1, Double(iteration - 1) / 10)
      #expect(abs(warm.rate(iteration) - schedule.rate(iteration) * factor) < 1e-16)
    }
    #expect(warm.rate(1) == 0 && warm.rate(11) == schedule.rate(11))
  }

  @Test func rateFallsToZero() {
    let schedule = PolynomialSchedule(base: 0.5, iterations: 10, power: 1)
    #expect(
      (1...11).map { schedule.rate($0) }.enumerated().allSatisfy {
        abs($1 - 0.05 * Double(10 - $0)) < 1e-15
      })
  }
}
