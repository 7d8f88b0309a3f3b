import TestSupport
import Testing

/// The comparison that other suites rely on.
@Suite struct AllCloseTests {
  @Test func closeValuesAreClose() {
    #expect(allClose([1, 2, 3], [1, 2, 3.00001] as [Float]).isClose)
    #expect(allClose([Double.nan, .infinity, -.infinity], [.nan, .infinity, -.infinity]).isClose)
    #expect(allClose([Float](), []).isClose)
    #expect(allClose([100.0], [101.0], relative: 0.01, absolute: 0).isClose)
  }

  @Test func farValuesAreReported() {
    let report = allClose([1, 2, 5, 4], [1, 2.1, 3, 4] as [Double])
    #expect(!report.isClose)
    #expect("\(report)" == "2 of 4 values are not close; the worst is [2]: 5.0; expected 3.0")
    #expect("\(allClose([1], [1, 2] as [Float]))" == "1 values; expected 2")
  }

  @Test(arguments: [
    (Float.nan, Float(1)), (1, .nan), (.infinity, 1), (1, .infinity), (.infinity, -.infinity),
  ])
  func nonFiniteIsNotCloseToAnother(found: Float, expected: Float) {
    #expect(!allClose([found], [expected]).isClose)
  }
}
