import Foundation
import Steps

extension ReportPage {
  /// The phases in their order, each with its colour on every page.
  private static let phases = Phase.allCases.map(\.rawValue) + ["validation"]

  /// The colour of a phase; that of one that this version does not know is nobody else's.
  static func colour(ofPhase phase: String) -> Int {
    phases.firstIndex(of: phase) ?? PageStyle.colourCount
  }

  /// How the time of each run is shared, as bars and as a table.
  var times: String {
    let all = runs.map(\.phaseSeconds)
    let known = Self.phases.filter { phase in all.contains { $0[phase] != nil } }
    let others = Set(all.flatMap(\.keys)).subtracting(known).sorted()
    let phases = known + others
    let totals = all.map { max($0.values.reduce(0, +), 1e-9) }
    let bars = runs.indices.map { run in
      let parts = phases.compactMap { phase in
        all[run][phase].map { seconds in
          String(
            format: "<i class=\"c%d\" style=\"width:%.2f%%\"></i>", Self.colour(ofPhase: phase),
            100 * seconds / totals[run])
        }
      }
      return "<p>\(Markup.escaped(names[run])), \(Comparison.time(totals[run])) on rank 0</p>"
        + "<div class=\"shares\" aria-hidden=\"true\">\(parts.joined())</div>\n"
    }
    let rows = phases.map { phase in
      Table.Row(
        phase,
        runs.indices.map { run in
          all[run][phase].map { .number(String(format: "%.1f", 100 * $0 / totals[run])) }
            ?? .nothing
        }, colour: Self.colour(ofPhase: phase))
    }
    return bars.joined()
      + Table(
        caption: "Share of the time of rank 0, percent", columns: ["phase"] + names, rows: rows
      ).html
  }
}

extension RunRecord {
  /// Seconds of each phase on rank 0, validation too.
  fileprivate var phaseSeconds: [String: Double] {
    var seconds: [String: Double] = [:]
    var before = 0
    for line in training {
      for (phase, time) in line.phaseSeconds where time.isFinite {
        seconds[phase, default: 0] += max(time, 0) * Double(line.iteration - before)
      }
      before = line.iteration
    }
    seconds["validation"] = validations.reduce(0) { $0 + $1.seconds }
    return seconds
  }
}
