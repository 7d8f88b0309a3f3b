import Host
import Testing
import Tools

/// How many threads a rank needs, and what is said where there are fewer.
@Suite struct ThreadNeedsTests {
  private func needs(
    threads: Int, cores: Int = 2, ranks: Int = 1, isLead: Bool = true
  ) -> ThreadNeeds {
    ThreadNeeds(
      .training(loaders: 5, drawsPictures: true), threadCount: threads, coreCount: cores,
      worldSize: ranks, isLead: isLead, isWatched: true)
  }

  @Test func oneThreadNeedsNoPools() {
    #expect(needs(threads: 1, cores: 1).count == 5 + 1)
    // LibTorch's first pool is as wide as the host.
    #expect(needs(threads: 1, cores: 64).computing == 63)
    #expect(needs(threads: 4, cores: 64).computing == 63 + 3)
  }

  @Test func ranksWatchAndSum() {
    let (lead, other) = (needs(threads: 4, ranks: 3), needs(threads: 4, ranks: 3, isLead: false))
    #expect(lead.watching == 2 && lead.summing == 1 && lead.loading == 5)
    #expect(lead.computing == 7 * 3 && other.computing == 6 * 3)
    #expect(lead.inWords == "21 to compute, 5 to load images, 2 to watch, 1 for gradients")
  }

  @Test func theLineNamesTheLimit() {
    func line(_ limit: HostLimit?) -> String {
      ThreadRefusal.line(
        place: "h", given: 3, wanted: 14, ranks: 2, needs: "7 to compute", limit: limit)
    }
    #expect(
      line(HostLimit("ulimit -u", most: 20, used: 17)).hasPrefix(
        "threads: h: found 3 more allowed (ulimit -u: 20); expected 14, of 2 ranks together: "))
    // Somebody else has them: a container hides who.
    #expect(line(HostLimit("ulimit -u", most: 900, used: 17)).contains("does not show here"))
    #expect(line(nil).contains("does not show here"))
  }
}
