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

  @Test(arguments: ["", "0", "-2", "all", ","])
  func uselessWishIsNoWish(wish: String) {
    let budget = ThreadBudget(masks: [[0xff]], localRank: 0, wish: wish)
    #expect(budget.threadCount == 8)
  }

  @Test func maskIsReadFromStatus() {
    let status = "Name:\ta\nCpus_allowed:\t00000001,80000003\nCpus_allowed_list:\t0-1,31-32\n"
    #expect(ThreadBudget.mask(inStatus: status) == [3, 0, 0, 0x80, 1, 0, 0, 0])
    #expect(ThreadBudget.mask(inStatus: "Cpus_allowed:\t3\n") == [3, 0, 0, 0])
    #expect(ThreadBudget.mask(inStatus: "Name:\ta\n") == nil)
    #expect(ThreadBudget.mask(inStatus: "Cpus_allowed:\tzz\n") == nil)
  }
}
