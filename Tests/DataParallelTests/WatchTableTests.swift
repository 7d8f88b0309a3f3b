import DataParallel
import Host
import Testing

/// Who holds a job up, from signs and times that are made up here.
@Suite struct WatchTableTests {
  private func sign(
    _ beats: UInt64, iteration: Int = 7, phase: String = "data", limit: Double = 12,
    isWaiting: Bool = false, used: Double = 0, waited: Double = 0
  ) -> LifeSign {
    var place = Heartbeat.Place()
    place.work = .step
    place.phase = phase
    place.iteration = iteration
    place.beats = beats
    place.isWaiting = isWaiting
    return LifeSign(place, processor: ProcessorTime(used: used, waited: waited), limit: limit)
  }

  @Test func aSignSurvivesItsBytes() {
    let before = LifeSign(
      sign(9_000_000_000, iteration: 41, isWaiting: true).place,
      processor: ProcessorTime(used: 1.25, waited: 1e6), limit: 0.25, isLast: true)
    #expect(before.bytes.count == LifeSign.byteCount)
    #expect(LifeSign(bytes: before.bytes) == before)
    let long = sign(1, phase: String(repeating: "x", count: 100))
    #expect(long.bytes.count == LifeSign.byteCount)
    #expect(LifeSign(bytes: long.bytes).place.phase.count == LifeSign.byteCount - 43)
  }

  @Test func progressOfAnyRankIsProgress() {
    var table = WatchTable(ranks: 0..<3, now: 0)
    for second in 1...100 {
      let now = Double(second)
      for rank in 0..<3 { table.note(sign(rank == 1 ? UInt64(second) : 1), from: rank, now: now) }
      #expect(table.verdict(now: now) == .fine)
    }
  }

  @Test func aStoppedRankIsNamed() {
    var table = WatchTable(ranks: 0..<3, now: 0)
    for rank in 0..<3 { table.note(sign(5), from: rank, now: 1) }
    for second in 2...14 {
      for rank in [0, 2] { table.note(sign(5), from: rank, now: Double(second)) }
    }
    #expect(table.verdict(now: 6) == .fine)
    let suspect = WatchTable.Suspect(rank: 1, place: sign(5).place, silence: 9)
    #expect(table.verdict(now: 10) == .slow([suspect], seconds: 9, limit: 12))
    let late = WatchTable.Suspect(rank: 1, place: sign(5).place, silence: 13)
    #expect(table.verdict(now: 14) == .over([late], seconds: 13, limit: 12))
    #expect(table.isSilent(1, now: 14) && !table.isSilent(0, now: 14))
  }

  @Test func theRankThatStoodStillFirstIsNamed() {
    var table = WatchTable(ranks: 0..<3, now: 0)
    for rank in 0..<3 { table.note(sign(5), from: rank, now: 1) }
    // Two go on to the next phase, where they wait for rank 2.
    for rank in 0..<2 { table.note(sign(6), from: rank, now: 2) }
    for second in 3...20 {
      for rank in 0..<3 { table.note(sign(rank < 2 ? 6 : 5), from: rank, now: Double(second)) }
    }
    let suspect = WatchTable.Suspect(rank: 2, place: sign(5).place, silence: nil)
    #expect(table.verdict(now: 20) == .over([suspect], seconds: 18, limit: 12))
  }

  /// All of them stood still at once, but two of them in a collective.
  @Test func theRankThatWaitsForNobodyIsNamed() {
    var table = WatchTable(ranks: 0..<3, now: 0)
    for second in 1...20 {
      for rank in 0..<3 {
        table.note(sign(5, isWaiting: rank != 1), from: rank, now: Double(second))
      }
    }
    let suspect = WatchTable.Suspect(rank: 1, place: sign(5).place, silence: nil)
    #expect(table.verdict(now: 20) == .over([suspect], seconds: 19, limit: 12))
  }

  /// Rank 0 saves, which may take longer than a step, while the others wait for it.
  @Test func theLongestLimitCounts() {
    var table = WatchTable(ranks: 0..<2, now: 0)
    table.note(sign(5, limit: 120), from: 0, now: 1)
    table.note(sign(5), from: 1, now: 1)
    #expect(table.limit == 120)
    for second in stride(from: 2.0, through: 50, by: 0.5) {
      table.note(sign(5, limit: 120), from: 0, now: second)
      table.note(sign(5), from: 1, now: second)
    }
    #expect(table.verdict(now: 50) == .fine)
  }

  /// A rank that others leave no processor is slow, and not over before it had a limit's time of one.
  @Test func starvingIsNotStandingStill() throws {
    var table = WatchTable(ranks: 0..<2, now: 0)
    func pass(_ seconds: ClosedRange<Int>) {
      for second in seconds {
        let time = Double(second)
        table.note(sign(5, isWaiting: true, used: time), from: 0, now: time)
        table.note(sign(5, used: 40 + 0.1 * time, waited: 70 + 0.9 * time), from: 1, now: time)
      }
    }
    pass(1...100)
    guard case .slow(let suspects, 99, 12) = table.verdict(now: 100) else {
      Issue.record("\(table.verdict(now: 100))")
      return
    }
    let suspect = try #require(suspects.first)
    #expect(suspects.count == 1 && suspect.rank == 1)
    #expect(abs(suspect.processor.used - 9.9) < 1e-6 && abs(suspect.processor.waited - 89.1) < 1e-6)
    let words = suspect.inWords(seconds: 99)
    #expect(words.contains("starved, ready for 89.1 s and without a processor (9.9 s of"))
    #expect(words.hasSuffix(" in iteration 7, data"))
    pass(101...125)
    guard case .over = table.verdict(now: 125) else {
      Issue.record("\(table.verdict(now: 125))")
      return
    }
  }

  /// One that goes in circles on busy processors is ready all the time.
  @Test func noRankIsForgivenForEver() {
    var table = WatchTable(ranks: 0..<1, now: 0)
    for second in 1...122 {
      let time = Double(second)
      table.note(sign(5, used: time / 100, waited: time), from: 0, now: time)
      let isOver = if case .over = table.verdict(now: time) { true } else { false }
      #expect(isOver == (second > 121))
    }
  }

  /// Those that wait for a rank which sleeps may starve as they like.
  @Test func thoseThatWaitDoNotExcuseWhoStandsStill() {
    var table = WatchTable(ranks: 0..<2, now: 0)
    for second in 1...20 {
      let time = Double(second)
      table.note(sign(5, isWaiting: true, used: time, waited: time), from: 0, now: time)
      table.note(sign(5, used: 40, waited: 70), from: 1, now: time)
    }
    let suspect = WatchTable.Suspect(rank: 1, place: sign(5).place, silence: nil)
    #expect(table.verdict(now: 20) == .over([suspect], seconds: 19, limit: 12))
    #expect(
      suspect.inWords(seconds: 19)
        == "running, but stands still (0.0 s of processor time since) in iteration 7, data")
  }

  /// A rank that starved, and then was stopped, has a limit's time from its last sign.
  @Test func aStarvedRankThatIsStoppedEndsTheJob() {
    var table = WatchTable(ranks: 0..<2, now: 0)
    for second in 1...40 {
      let time = Double(second)
      table.note(sign(5, isWaiting: true), from: 0, now: time)
      if second <= 20 { table.note(sign(5, waited: time), from: 1, now: time) }
    }
    guard case .over(let suspects, _, _) = table.verdict(now: 40) else {
      Issue.record("\(table.verdict(now: 40))")
      return
    }
    #expect(suspects.map(\.rank) == [1] && suspects.first?.silence == 20)
  }

  @Test func nobodyIsJudgedBeforeTheLimitsAreKnown() {
    #expect(WatchTable(ranks: 0..<2, now: 0).verdict(now: 1e6) == .fine)
  }
}

/// How long is too long.
@Suite struct WatchLimitsTests {
  private let quick = ["time": "5", "intvl": "1", "probes": "3"].reduce(into: [String: String]()) {
    $0["OMPI_MCA_oob_tcp_keepalive_" + $1.key] = $1.value
    $0["PRTE_MCA_oob_tcp_keepalive_" + $1.key] = $1.value
    $0["PRTE_MCA_prte_keepalive_" + $1.key] = $1.value
  }

  /// PRRTE 3 and PRRTE 4 have different names, and a rank does not know which it is; neither hears
  /// Open MPI 4's.
  @Test func ofTwoNamesTheSlowerCounts() {
    var settings = quick
    #expect(KeepAlive(environment: settings, hasPRRTE: true).seconds == 8)
    settings["PRTE_MCA_prte_keepalive_time"] = nil
    #expect(KeepAlive(environment: settings, hasPRRTE: true).seconds == 303)
    #expect(KeepAlive(environment: settings, hasPRRTE: false).seconds == 8)
    settings = quick
    settings["OMPI_MCA_oob_tcp_keepalive_time"] = nil
    #expect(KeepAlive(environment: settings, hasPRRTE: true).seconds == 8)
    #expect(KeepAlive(environment: settings, hasPRRTE: false).seconds == 303)
  }

  @Test func stepsFollowTheirMedian() {
    let limits = WatchLimits(wish: 0, hostCount: 1, environment: [:])
    #expect(limits.seconds(.step) { _ in nil } == 60)
    #expect(limits.seconds(.step) { $0 == .step ? 2 : nil } == 60)
    #expect(limits.seconds(.step) { $0 == .step ? 30 : nil } == 150)
    #expect(limits.seconds(.firstStep) { _ in nil } == 600)
    #expect(limits.seconds(.validation) { $0 == .validation ? 1000 : 1 } == 5000)
  }

  @Test func aWishIsTheLimit() {
    let limits = WatchLimits(wish: 3, hostCount: 1, environment: [:])
    #expect(limits.seconds(.step) { _ in 30 } == 3)
    #expect(limits.seconds(.saving) { _ in nil } == 30)
  }

  /// Open MPI has to be the first to see a cut cable.
  @Test func severalHostsWaitForTheKeepAlive() {
    let wish = 3.0
    let quickly = WatchLimits(wish: wish, hostCount: 2, environment: quick)
    #expect(quickly.seconds(.step) { _ in nil } == 18)
    let slowly = WatchLimits(wish: wish, hostCount: 2, environment: [:])
    #expect(slowly.seconds(.step) { _ in nil } == 490)
  }

  @Test func medians() {
    var median = RunningMedian()
    #expect(median.value == nil)
    for value in [5.0, 1, 9] { median.add(value) }
    #expect(median.value == 5)
    for _ in 0..<31 { median.add(2) }
    #expect(median.value == 2)
  }

  @Test func workIsTimedFromBeginToBegin() {
    let heartbeat = Heartbeat()
    for now in [0.0, 4, 9, 12] { heartbeat.begin(.step, "data", iteration: 1, now: now) }
    heartbeat.begin(.saving, "saving", iteration: 1, now: 15)
    // Of 3, 3, 4 and 5 the upper of the two in the middle: a bound should rather be long.
    #expect(heartbeat.median(.step) == 4)
    #expect(heartbeat.median(.step, of: 4) == 4 && heartbeat.median(.step, of: 5) == nil)
    #expect(heartbeat.median(.saving) == nil)
    #expect(heartbeat.place.beats == 5)
  }

  /// A process that was stopped for an hour has not seen an hour without progress.
  @Test func ownAbsenceDoesNotCount() {
    var time = WitnessedTime(now: 100)
    for now in [100.25, 100.5, 3700.5, 3700.75, 3700.5] { time.look(now: now) }
    #expect(time.seconds == 1.75)
  }
}
