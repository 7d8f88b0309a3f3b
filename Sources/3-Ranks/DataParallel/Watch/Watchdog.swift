import Foundation
import Host
import MPI
import Synchronization

/// Ends a job in which nothing moves any more, and says which rank holds it up.
///
/// Open MPI waits for ever for a rank that was stopped. Each rank therefore tells rank 0 twice a
/// second where it is, and rank 0 tells the others, by a thread of its own. A second thread, which
/// never calls MPI, judges: rank 0 of all ranks, the others of themselves and rank 0.
package final class Watchdog: @unchecked Sendable {
  /// What the watchdog says without ending the job, such as that a rank is slow.
  package typealias Speaker = @Sendable (String) -> Void

  /// Seconds between two signs.
  private static let period = 0.5
  /// Seconds after which a limit that has changed is known: a rank that is stopped keeps the last
  /// one that it told.
  private static let reaction = 0.05
  /// Seconds that the others leave to rank 0, which knows most, before they end the job themselves.
  private static let patience = 10.0

  private let heartbeat: Heartbeat
  private let limits: WatchLimits
  private let rank: Int
  private let worldSize: Int
  private let hosts: [String]
  private let say: Speaker
  /// The messenger's alone, and the owner's after it has ended.
  private let mailbox: Mailbox?
  /// What the messenger has heard since the judge looked.
  private let heard = Mutex<[Int: LifeSign]>([:])
  /// The processor time of this process, as the judge last saw it.
  private let processor = Mutex(ProcessorTime())
  /// Whole seconds that the judge of rank 0 forgives, since they were spent without a processor.
  private let forgiven = Mutex(0.0)
  /// The watchdog's own threads, whose waiting holds nobody up.
  private let ownThreads = Mutex<Set<String>>([])
  private let isStopping = Atomic(false)
  private let isOver = Atomic(false)
  private let messengerEnd = DispatchSemaphore(value: 0)

  /// Starts to watch. Collective.
  ///
  /// - Parameters:
  ///   - world: the ranks.
  ///   - wish: seconds without progress that a step may take; 0 follows the median.
  ///   - heartbeat: what the loop writes.
  ///   - say: called on a thread of the watchdog.
  /// - Throws: `MPIError`, or `ThreadError` if a thread of the watchdog does not run.
  package init(
    _ world: World, wish: Double, heartbeat: Heartbeat = .process, say: @escaping Speaker
  ) throws {
    let name = Array(HostName.current.utf8)
    hosts = try world.communicator.allgatherv(name).map { String(decoding: $0, as: UTF8.self) }
    limits = WatchLimits(
      wish: wish, hostCount: Set(hosts).count,
      environment: ProcessInfo.processInfo.environment)
    self.heartbeat = heartbeat
    self.say = say
    rank = world.rank
    worldSize = world.worldSize
    // Its thread communicates while others do.
    let canSend = worldSize > 1 && World.threadLevel >= .multiple
    mailbox =
      canSend ? try Mailbox(world.communicator, byteCount: LifeSign.byteCount) : nil
    try Threads.start("rdd-judge", isProven: true) { self.judge() }
    if mailbox != nil {
      try Threads.start("rdd-signs", isProven: true) {
        // A failed call here says nothing that the collectives do not say; the judge remains.
        try? self.exchange()
        self.messengerEnd.signal()
      }
    }
  }

  /// Ends the watch after the work is done, before MPI ends. Collective.
  package func stop() throws(MPIError) {
    isStopping.store(true, ordering: .releasing)
    if let mailbox {
      messengerEnd.wait()
      try mailbox.close()
    }
    isOver.store(true, ordering: .releasing)
  }

  /// A rank that only waits for others is entitled to no more than a step: those that work longer
  /// say so themselves.
  private var ownLimit: Double {
    let place = heartbeat.place
    return limits.seconds(place.isWaiting ? .step : place.work) { heartbeat.median($0) }
  }

  // MARK: Signs

  /// Sends and receives signs until every rank has sent its last one.
  private func exchange() throws {
    guard let mailbox else { return }
    noteOwnThread()
    var farewells = 0
    var hasLeft = false
    // The other ranks' limits: rank 0 passes the longest one on, and what it forgives.
    var limits: [Int: Double] = [:]
    var told = (limit: 0.0, at: -Double.infinity)
    let expected = rank == 0 ? worldSize - 1 : 1
    while true {
      while let (source, letter) = try mailbox.receive() {
        let sign = LifeSign(bytes: letter)
        if sign.isLast { farewells += 1 }
        limits[source] = sign.limit
        heard.withLock { $0[source] = sign }
      }
      let isEnding = isStopping.load(ordering: .acquiring)
      if isEnding, !hasLeft, rank != 0 || farewells == expected {
        hasLeft = try sendLast(mailbox)
      } else if !hasLeft {
        let longest = max(ownLimit, limits.values.max() ?? 0)
        let limit = rank == 0 ? longest + forgiven.withLock { $0 } : ownLimit
        let now = MonotonicClock.seconds
        if limit != told.limit || now - told.at >= Self.period {
          if try sendSigns(mailbox, limit: limit) { told = (limit, now) }
        }
      }
      if hasLeft, farewells == expected, try receivers.allSatisfy({ try mailbox.hasLeft(to: $0) }) {
        return
      }
      Thread.sleep(forTimeInterval: isEnding ? 0.002 : Self.reaction)
    }
  }

  private var receivers: Range<Int> { rank == 0 ? 1..<worldSize : 0..<1 }

  private func sign(limit: Double) -> LifeSign {
    LifeSign(heartbeat.place, processor: processor.withLock { $0 }, limit: limit)
  }

  private func noteOwnThread() {
    guard let number = Threads.currentNumber else { return }
    ownThreads.withLock { _ = $0.insert(number) }
  }

  /// False if a sign before is still on its way to some rank.
  private func sendSigns(_ mailbox: Mailbox, limit: Double) throws -> Bool {
    let sign = sign(limit: limit).bytes
    return try receivers.reduce(true) { try mailbox.send(sign, to: $1) && $0 }
  }

  /// The last signs, for which the ones before have to have left; false if it has to be tried again.
  private func sendLast(_ mailbox: Mailbox) throws -> Bool {
    guard try receivers.allSatisfy({ try mailbox.hasLeft(to: $0) }) else { return false }
    let sign = LifeSign(heartbeat.place, limit: ownLimit, isLast: true).bytes
    for receiver in receivers { _ = try mailbox.send(sign, to: receiver) }
    return true
  }

  // MARK: Judgement

  private func judge() {
    var time = WitnessedTime(now: MonotonicClock.seconds)
    let isHeard = mailbox != nil
    let known = !isHeard ? [rank] : rank == 0 ? Array(0..<worldSize) : [0, rank]
    var table = WatchTable(ranks: known, now: 0)
    var meter = ProcessorMeter()
    var isSlow = false
    noteOwnThread()
    while !isOver.load(ordering: .acquiring) {
      Thread.sleep(forTimeInterval: Self.period / 2)
      time.look(now: MonotonicClock.seconds)
      let now = time.seconds
      meter.look(without: ownThreads.withLock { $0 })
      let processorTime = meter.time
      processor.withLock { $0 = processorTime }
      table.note(sign(limit: ownLimit), from: rank, now: now)
      for (source, sign) in takeHeard() { table.note(sign, from: source, now: now) }
      let seconds = table.forgiven.rounded(.down)
      forgiven.withLock { $0 = seconds }
      switch table.verdict(now: now) {
      case .fine:
        isSlow = false
      case .slow(let suspects, let seconds, let limit):
        if !isSlow, rank == 0 { say(line(suspects, seconds: seconds, limit: limit)) }
        isSlow = true
      case .over(let suspects, let seconds, let limit):
        // Rank 0 hears all ranks: while it speaks, the others leave the word to it.
        if rank != 0, isHeard, !table.isSilent(0, now: now), seconds < limit + Self.patience {
          continue
        }
        if rank != 0 { Thread.sleep(forTimeInterval: 0.3 * Double(min(rank - 1, 10))) }
        FailureExit.leave(
          line(suspects, seconds: seconds, limit: limit) + "; start again from the last checkpoint",
          code: FailureExit.communicationFailed, abruptly: true)
      }
    }
  }

  private func takeHeard() -> [Int: LifeSign] {
    heard.withLock { signs in
      let taken = signs
      signs = [:]
      return taken
    }
  }

  private func line(_ suspects: [WatchTable.Suspect], seconds: Double, limit: Double) -> String {
    let names = suspects.map { suspect in
      "rank \(suspect.rank) (host \(hosts[suspect.rank])): \(suspect.inWords(seconds: seconds))"
    }
    return "watchdog: \(names.joined(separator: "; ")): found "
      + String(
        format: "no progress on any rank for %.1f s; expected some within %.0f s", seconds, limit)
  }
}
