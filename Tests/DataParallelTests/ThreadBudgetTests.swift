import DataParallel
import Testing

/// Shares of the cores, from masks that are made up.
@Suite struct ThreadBudgetTests {
  @Test func ranksShareTheCoresOfOneMask() {
    // 12 cores: ranks 1...13.
    for ranks in 1...13 {
      let masks = Array(repeating: [0xff, 0x0f] as [UInt8], count: ranks)
      for rank in 0..<ranks {
        let budget = ThreadBudget(masks: masks, localRank: rank, wish: nil)
        #expect(budget.threadCount == max(1, 12 / ranks), "\(ranks) ranks")
        #expect(budget.source == .cores(usable: 12, localWorldSize: ranks))
      }
    }
  }

  @Test func boundRanksKeepTheirCores() {
    let masks: [[UInt8]] = [[0x0f], [0xf0], [0xf0]]
    let counts = (0..<3).map { ThreadBudget(masks: masks, localRank: $0, wish: nil).threadCount }
    #expect(counts == [4, 2, 2])
  }

  @Test(arguments: [("3", 3), ("5,2", 5), (" 1 ", 1)])
  func userWins(wish: String, count: Int) {
    let budget = ThreadBudget(masks: [[0xff]], localRank: 0, wish: wish)
    #expect(budget.threadCount == count)
    #expect(budget.source == .environment)
  }

  @Test func itIsSaidInRightNumbers() {
    func line(_ mask: UInt8, ranks: Int = 1, wish: String? = nil, quota: Double? = nil) -> String {
      let masks = Array(repeating: [mask], count: ranks)
      return ThreadBudget(masks: masks, localRank: 0, wish: wish, quota: quota).description
    }
    #expect(line(0x03) == "2 threads a rank (2 cores)")
    #expect(line(0x01) == "1 thread a rank (1 core)")
    #expect(line(0x03, ranks: 2) == "1 thread a rank (2 cores, 2 ranks on the host)")
    #expect(line(0x03, wish: "3") == "3 threads a rank (OMP_NUM_THREADS)")
    #expect(line(0x0f, quota: 1.5) == "1 thread a rank (the container's limit of 1.5 cores)")
  }

  @Test(arguments: ["", "0", "-2", "all", ","])
  func uselessWishIsNoWish(wish: String) {
    let budget = ThreadBudget(masks: [[0xff]], localRank: 0, wish: wish)
    #expect(budget.threadCount == 8)
  }

  @Test(arguments: [(16.0, 4, 4), (16, 1, 8), (3.5, 1, 3), (0.5, 1, 1), (2, 2, 1)])
  func containersLimitHolds(quota: Double, ranks: Int, count: Int) {
    // 8 cores for each rank.
    let masks = (0..<ranks).map { rank in (0..<ranks).map { $0 == rank ? 0xff : 0 as UInt8 } }
    let budget = ThreadBudget(masks: masks, localRank: 0, wish: nil, quota: quota)
    #expect(budget.threadCount == count)
    let isLimited = quota / Double(ranks) < 8
    #expect((budget.source == .quota(cores: quota, localWorldSize: ranks)) == isLimited)
  }

  @Test func aWishBeyondAllReasonIsNone() {
    #expect(ThreadBudget.most(cores: 2) == 16 && ThreadBudget.most(cores: 64) == 256)
    let budget = ThreadBudget(masks: [[0xff]], localRank: 0, wish: "100000", most: 32)
    #expect(budget.threadCount == 8 && budget.source == .cores(usable: 8, localWorldSize: 1))
    #expect(budget.excess == 100_000)
    let most = ThreadBudget(masks: [[0xff]], localRank: 0, wish: "32", most: 32)
    #expect(most.threadCount == 32 && most.excess == nil)
  }

  /// mpirun binds two ranks to a core each; a container or taskset that binds mpirun too is no fault.
  @Test func coresThatALauncherKeepsBackAreSaid() throws {
    func warning(_ masks: [[UInt8]], _ launcher: [UInt8]?) -> String? {
      ThreadBudget(masks: masks, localRank: 0, wish: "1", launcher: launcher).bindingWarning
    }
    let text = try #require(warning([[1], [2]], [0xff, 0xff]))
    #expect(text.contains("may use 1 of 16 cores; expected its share among 2 ranks, 8; start with"))
    #expect(warning([[1], [2]], [3]) == nil)
    #expect(warning([[0xff], [0xff]], [0xff]) == nil)
    #expect(warning([[1], [1], [1]], [3]) == nil)
    #expect(warning([[1], [2]], nil) == nil)
  }

  @Test func maskIsReadFromStatus() {
    let status = "Name:\ta\nCpus_allowed:\t00000001,80000003\nCpus_allowed_list:\t0-1,31-32\n"
    #expect(ThreadBudget.mask(inStatus: status) == [3, 0, 0, 0x80, 1, 0, 0, 0])
    #expect(ThreadBudget.mask(inStatus: "Cpus_allowed:\t3\n") == [3, 0, 0, 0])
    #expect(ThreadBudget.mask(inStatus: "Name:\ta\n") == nil)
    #expect(ThreadBudget.mask(inStatus: "Cpus_allowed:\tzz\n") == nil)
  }
}
