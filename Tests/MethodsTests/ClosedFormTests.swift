import Methods
import TestSupport
import Testing

/// Values that are known to ten digits, on one rank and on two with unequal numbers of valid pixels.
@Suite struct ClosedFormTests {
  @Test(arguments: [1, 2])
  func kd(_ ranks: Int) {
    let plain = FixA.run("kd", ranks: ranks)
    #expect(isClose(plain.terms["kd"], 0.1386993051))
    let hot = FixA.run("kd", ["temperature": "4", "weight": "2"], ranks: ranks)
    #expect(isClose(hot.loss, 2 * (hot.terms["kd"] ?? 0), 1e-14))
  }

  @Test func weightsOfTheFixture() {
    #expect(isClose(FixA.weights, [0.9836999555, 0.8973105902, 0.9425426384, 0.8970086447]))
  }
}
