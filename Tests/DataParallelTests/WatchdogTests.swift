import TestSupport
import Testing

/// A job in which nothing moves ends within the limit, and its message names the rank.
@Suite(.serialized) struct WatchdogTests {
  /// A job that hangs takes a minute here; the start alone takes some seconds on a busy machine.
  /// `launch/faults` measures the time from the stop to the end.
  private static let latest = 30.0

  @Test(arguments: [(2, 1), (3, 1), (3, 0), (2, 0)])
  func aStoppedRankEndsTheJob(ranks: Int, culprit: Int) throws {
    let result = try MPIRun.run(
      ranks: ranks, program: "rank-program", arguments: ["fail-watched", "stop", "\(culprit)"])
    #expect(result.exitCode == 76 && !result.timedOut, "\(result)")
    #expect(result.seconds < Self.latest, "\(result)")
    #expect(result.standardError.contains(": watchdog: rank \(culprit) (host "), "\(result)")
    #expect(result.standardError.contains("): silent for "), "\(result)")
  }

  @Test(arguments: [(2, 1), (3, 2), (2, 0), (1, 0)])
  func aRankThatStandsStillEndsTheJob(ranks: Int, culprit: Int) throws {
    let result = try MPIRun.run(
      ranks: ranks, program: "rank-program", arguments: ["fail-watched", "stall", "\(culprit)"])
    #expect(result.exitCode == 76 && !result.timedOut, "\(result)")
    #expect(result.seconds < Self.latest, "\(result)")
    #expect(
      result.standardError.contains(": watchdog: rank \(culprit) (host ")
        || result.standardError.contains("rdd: error: watchdog: rank 0 (host "), "\(result)")
    #expect(result.standardError.contains(", stall: found no progress"), "\(result)")
  }

  @Test(arguments: [1, 2, 3])
  func ranksThatWorkAreLeftAlone(ranks: Int) throws {
    #expect(try RankCase.failure("watchdog", ranks: ranks) == nil)
  }

  @Test func aLonelyProcessIsLeftAlone() throws {
    #expect(try RankCase.failure("watchdog", ranks: nil) == nil)
  }
}
