import TestSupport
import Testing

/// `atkd` on the fixture: the split at the global median, and its means.
@Suite struct AdaptiveTeachingTests {
  @Test(arguments: [1, 2])
  func values(_ ranks: Int) {
    let plain = FixA.run("atkd", ranks: ranks)
    #expect(isClose(plain.terms["atkd.loss"], 0.1114739334), "\(plain.terms)")
    #expect(isClose(plain.terms["atkd.hard_share"], 2.0 / 3))
    let weighted = FixA.run("atkd", ranks: ranks, weighted: true)
    #expect(isClose(weighted.terms["atkd.loss"], 0.1130306178), "\(weighted.terms)")
  }

  /// TKD and DKD of the three pixels, out of runs with one group's mean alone.
  @Test func parts() {
    #expect(isClose(FixA.run("atkd", ["alpha": "1"]).loss, 0.0279550377))
    let hard = (0.0432356142 + 0.0099686626 + 0.0890437067 + 0.1224593312) / 2
    #expect(isClose(FixA.run("atkd", ["alpha": "0"]).loss, hard))
  }
}
