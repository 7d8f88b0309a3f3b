import Reports
import Testing

/// Means, spreads and intervals against values by hand.
@Suite struct SpreadTests {
  @Test func spread() throws {
    let spread = Spread([2, 4, 4, 4, 5, 5, 7, 9])
    #expect(spread.mean == 5 && spread.count == 8)
    // The squares sum to 32.
    #expect(abs(try #require(spread.standardDeviation) - (32.0 / 7).squareRoot()) < 1e-15)
    #expect(Spread([3]).standardDeviation == nil)
  }

  /// Differences 1, 2, 3: mean 2, deviation 1, and 4.303 is the quantile of two degrees.
  @Test func pairs() throws {
    let difference = Difference(pairs: [(3, 2), (5, 3), (9, 6)])
    #expect(difference.mean == 2 && difference.pairs == 3)
    #expect(abs(try #require(difference.halfWidth) - 4.303 / 3.0.squareRoot()) < 1e-12)
    #expect(!difference.isClear)
    #expect(Difference(pairs: [(3, 2), (5, 4), (9, 7.9)]).isClear)
    #expect(Difference(pairs: [(3, 2)]).halfWidth == nil)
  }

  /// Variances 1/3 and 4/3 of the means: 2.94 degrees of freedom, taken as 2.
  @Test func groups() throws {
    let difference = Difference([1, 2, 3], [2, 4, 6])
    #expect(difference.mean == -2 && difference.pairs == nil)
    #expect(abs(try #require(difference.halfWidth) - 4.303 * (5.0 / 3).squareRoot()) < 1e-12)
    #expect(Difference([1], [2, 4]).halfWidth == nil)
    #expect(Difference([1, 1], [2, 2]).halfWidth == 0)
  }

  /// Quantiles from tables, and none grows with the degrees of freedom.
  @Test func student() {
    for (freedom, quantile) in [(1, 12.706), (30, 2.042), (40, 2.021), (60, 2.000), (120, 1.980)] {
      #expect(abs(StudentT.quantile975(freedom) - quantile) < 6e-4, "\(freedom)")
    }
    for freedom in 1..<200 {
      #expect(StudentT.quantile975(freedom + 1) <= StudentT.quantile975(freedom))
    }
  }
}
