import Foundation
import Host

/// What one rank knows of the ranks that it hears, and what it makes of it. Pure bookkeeping.
package struct WatchTable {
  /// A rank that holds the others up.
  package struct Suspect: Equatable {
    /// The rank.
    package var rank: Int
    /// Where it was when it was last heard.
    package var place: Heartbeat.Place
    /// Seconds since its last sign; nil if its process is there, and only stands still.
    package var silence: Double?
    /// What it has had of processors since its last progress, as far as it has told.
    package var processor: ProcessorTime

    /// A rank, where it was, how long it has said nothing, and what it had of processors.
    package init(
      rank: Int, place: Heartbeat.Place, silence: Double?,
      processor: ProcessorTime = ProcessorTime()
    ) {
      self.rank = rank
      self.place = place
      self.silence = silence
      self.processor = processor
    }
  }

  /// What is to be done.
  package enum Verdict: Equatable {
    /// There is progress, or not yet too little of it.
    case fine
    /// Half of the limit has passed.
    case slow([Suspect], seconds: Double, limit: Double)
    /// The limit has passed: the job ends.
    case over([Suspect], seconds: Double, limit: Double)
  }

  private struct Row {
    var sign = LifeSign()
    var heard: Double
    var progressed: Double
    /// The processor time that it had had then.
    var processor = ProcessorTime()

    /// What it has had since.
    var since: ProcessorTime { sign.processor.since(processor) }
  }

  private var rows: [Int: Row]

  /// A table of the ranks that are heard, from `now` on.
  package init(ranks: some Sequence<Int>, now: Double) {
    rows = Dictionary(
      uniqueKeysWithValues: ranks.map { ($0, Row(heard: now, progressed: now)) })
  }

  /// The longest limit of all ranks.
  package var limit: Double { rows.values.map(\.sign.limit).max() ?? 0 }

  /// Notes a sign of a rank.
  package mutating func note(_ sign: LifeSign, from rank: Int, now: Double) {
    guard var row = rows[rank] else { return }
    row.heard = now
    if row.sign.limit == 0 { row.processor = sign.processor }
    if row.sign.place.beats != sign.place.beats || sign.isLast {
      row.progressed = now
      row.processor = sign.processor
    }
    row.sign = sign
    rows[rank] = row
  }

  /// Judges the job: all ranks wait for each other, so without any progress of any rank for longer
  /// than the longest limit, it hangs.
  ///
  /// It is slow by the clock. It is over without the time that those who hold it up were ready to go on
  /// and got no processor: a rank that stands still waits for none.
  package func verdict(now: Double) -> Verdict {
    let latest = rows.values.map(\.progressed).max() ?? now
    let seconds = now - latest
    let limit = limit
    // Before every rank has spoken, the limits are not known.
    guard limit > 0, seconds > limit / 2 else { return .fine }
    let suspects = suspects(now: now, limit: limit)
    return seconds - forgiven > limit
      ? .over(suspects, seconds: seconds, limit: limit)
      : .slow(suspects, seconds: seconds, limit: limit)
  }

  /// How many limits of starving are forgiven: a rank that goes in circles waits for processors too.
  package static let forgivenLimits = 9.0

  /// Seconds since its last progress that a rank which waits for no other has waited for processors; of
  /// several ranks the most.
  package var forgiven: Double {
    let starving = rows.values.filter { !$0.sign.place.isWaiting }.map(\.since.waited)
    return min(starving.max() ?? 0, Self.forgivenLimits * limit)
  }

  /// Whether a rank has said nothing for so long that its process must be stopped or cut off.
  package func isSilent(_ rank: Int, now: Double) -> Bool {
    guard let row = rows[rank] else { return false }
    return now - row.heard > Self.silenceLimit(limit)
  }

  /// The ranks that say nothing; or else those that do not wait for others; or else the one that
  /// stood still first.
  private func suspects(now: Double, limit: Double) -> [Suspect] {
    let silent = rows.filter { isSilent($0.key, now: now) }.sorted { $0.key < $1.key }
    guard silent.isEmpty else {
      return silent.map { suspect($0, $1, silence: now - $1.heard) }
    }
    let busy = rows.filter { !$0.value.sign.place.isWaiting }.sorted { $0.key < $1.key }
    guard busy.isEmpty || busy.count == rows.count else {
      return busy.map { suspect($0, $1, silence: nil) }
    }
    let first = rows.min { ($0.value.progressed, $0.key) < ($1.value.progressed, $1.key) }
    return first.map { [suspect($0, $1, silence: nil)] } ?? []
  }

  private func suspect(_ rank: Int, _ row: Row, silence: Double?) -> Suspect {
    Suspect(rank: rank, place: row.sign.place, silence: silence, processor: row.since)
  }

  /// Seconds without a sign that are no accident: signs come twice a second.
  private static func silenceLimit(_ limit: Double) -> Double { min(5, limit / 3) }
}

extension WatchTable.Suspect {
  /// What it does, and where; `seconds` are those without progress.
  package func inWords(seconds: Double) -> String {
    let seen = "iteration \(place.iteration), \(place.phase)"
    if let silence {
      return String(format: "silent for %.1f s, last seen in ", silence) + seen
    }
    let used = String(format: "%.1f s of processor time since", processor.used)
    let waited = min(processor.waited, seconds)
    guard waited > seconds / 2 else { return "running, but stands still (\(used)) in \(seen)" }
    return String(format: "starved, ready for %.1f s and without a processor (", waited)
      + "\(used); other programs have them) in \(seen)"
  }
}
