import Testing
import Tools

/// What a bench makes of its times.
@Suite struct StepTimingsTests {
  @Test func medians() {
    #expect(BenchTimes.median([]) == 0)
    #expect(BenchTimes.median([3]) == 3)
    #expect(BenchTimes.median([4, 1, 3]) == 3)
    #expect(BenchTimes.median([4, 1, 3, 2]) == 2.5)
  }

  @Test func spreadOverStepsAndRanks() {
    let spread = StepTimings.spread([[1, 2, 9], [4, 5, 6]])
    #expect(spread.median == 4.5)
    #expect(spread.minimum == 1 && spread.maximum == 9)
    #expect(spread.ranks == [2, 5])
  }

  /// `rdd check --measure` warns of it.
  @Test func aSlowStepIsToldOf() {
    #expect(StepTimings.spread([[1, 1.1, 2], [1.2, 1, 1.9]]).warning == nil)
    #expect(
      StepTimings.spread([[1, 1, 1], [1, 1, 2.5]]).warning
        == "the slowest step took 2.5 times as long as the fastest: are other programs on these cores?"
    )
    #expect(StepTimings.spread([[0.2, 0.2, 7]]).warning?.contains("took 35.0 times") == true)
  }

  @Test func trendOfTheLargestRank() {
    let flat = StepTimings.trend([[1, 1, 1, 1, 1, 9], [100, 100, 100, 100, 101, 103]])
    #expect(flat.first == 100 && flat.last == 102 && flat.isFlat)
    let growing = StepTimings.trend([[100, 100, 100, 100, 103, 103]])
    #expect(growing.first == 100 && growing.last == 103 && !growing.isFlat)
    #expect(StepTimings.trend([[7]]).isFlat)
  }
}
