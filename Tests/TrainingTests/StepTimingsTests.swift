import Testing
import Training

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

  @Test func trendOfTheLargestRank() {
    let flat = StepTimings.trend([[1, 1, 1, 1, 1, 9], [100, 100, 100, 100, 101, 103]])
    #expect(flat.first == 100 && flat.last == 102 && flat.isFlat)
    let growing = StepTimings.trend([[100, 100, 100, 100, 103, 103]])
    #expect(growing.first == 100 && growing.last == 103 && !growing.isFlat)
    #expect(StepTimings.trend([[7]]).isFlat)
  }
}
