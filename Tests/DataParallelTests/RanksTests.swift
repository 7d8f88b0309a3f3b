import TestSupport
import Testing

/// What DataParallel does on 1, 2 and 3 ranks, and in a process without a launcher.
@Suite(.serialized) struct RanksTests {
  /// Sums against a serial loop, in every placement and bucket size, with another random order of
  /// readiness on every rank.
  @Test(arguments: [1, 2, 3])
  func bucketsEqualASerialSum(ranks: Int) throws {
    #expect(try RankCase.failure("buckets", ranks: ranks) == nil)
  }

  @Test(arguments: [1, 2, 3])
  func bucketsAreReducedDuringBackward(ranks: Int) throws {
    #expect(try RankCase.failure("bucket-order", ranks: ranks) == nil)
  }

  @Test(arguments: ["rounded-buckets", "reducer", "agreement", "budget"], [1, 2, 3])
  func caseHolds(name: String, ranks: Int) throws {
    #expect(try RankCase.failure(name, ranks: ranks) == nil)
  }

  @Test(arguments: ["buckets", "reducer", "agreement", "budget"])
  func caseHoldsWithoutLauncher(name: String) throws {
    #expect(try RankCase.failure(name, ranks: nil) == nil)
  }
}
