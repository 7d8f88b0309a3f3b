import TestSupport
import Testing

/// Every collective against closed forms, on 1, 2 and 3 ranks and without a launcher.
@Suite(.serialized) struct CollectivesTests {
  @Test(arguments: [1, 2, 3])
  func worldHasTheRanksThatWereStarted(ranks: Int) throws {
    #expect(try RankCase.failure("world", ["\(ranks)"], ranks: ranks) == nil)
  }

  @Test func processWithoutLauncherIsAWorldOfOne() throws {
    #expect(try RankCase.failure("world", ["1"], ranks: nil) == nil)
    #expect(try RankCase.failure("allreduce", ranks: nil) == nil)
  }

  @Test(arguments: ["allreduce", "broadcast", "gather", "barrier", "requests"], [1, 2, 3])
  func collectiveMatchesClosedForm(name: String, ranks: Int) throws {
    #expect(try RankCase.failure(name, ranks: ranks) == nil)
  }

  @Test(arguments: [2, 3])
  func threadsCommunicateAtOnce(ranks: Int) throws {
    #expect(try RankCase.failure("threads", ranks: ranks) == nil)
  }

  @Test func errorComesBackWithItsText() throws {
    #expect(try RankCase.failure("returned-error", ranks: 2) == nil)
  }

  /// A wrong expectation must not pass for a good one.
  @Test func wrongExpectationIsSeen() throws {
    let failure = try RankCase.failure("world", ["3"], ranks: 2)
    #expect(failure?.contains("world size: 2; expected 3") == true, "\(failure ?? "")")
  }
}
