import Files
import Foundation
import Runs
import TestSupport
import Testing

/// What a start finds in the measurements of earlier ones.
@Suite struct MetricsLogTests {
  private struct Line: Encodable { let iteration: Int }

  private func line(_ iteration: Int, _ kind: String = "train") -> String {
    #"{"iteration":\#(iteration),"kind":"\#(kind)"}"# + "\n"
  }

  private func write(_ lines: [String], _ path: String) throws {
    try lines.joined().write(toFile: path, atomically: true, encoding: .utf8)
  }

  /// As after a copy that went on was put over a run that stood still: 1 to 4, then 2 and 3 once more.
  @Test func linesThatGoBackAreLeftOut() throws {
    try withTemporaryFolder { folder in
      let path = folder.path + "/metrics.jsonl"
      let whole = [
        line(1), line(2), line(2, "validation"), line(3), line(4), line(4, "validation"),
      ]
      try write(whole + [line(2), line(2, "validation"), line(3)], path)
      let log = try MetricsLog(path, after: 9)
      #expect(log.repeatedLines == 3 && log.damagedLines == 0 && log.count == 6)
      #expect(try String(contentsOfFile: path, encoding: .utf8) == whole.joined())
    }
  }

  /// Restored from an older copy, or cut: what the history says of the checkpoint's save is more.
  @Test func linesThatWereThereAreMissed() throws {
    try withTemporaryFolder { folder in
      let (path, past) = (folder.path + "/metrics.jsonl", folder.path + "/history.jsonl")
      try write(
        [
          #"{"kind":"start","iteration":0}"#, #"{"kind":"saved","iteration":4}"#,
          #"{"kind":"saved","iteration":6,"lines":9}"#,
          #"{"kind":"saved","iteration":8,"lines":8}"#,
          #"{"kind":"saved","iteration":6,"lines":6}"#,
        ].map { $0 + "\n" }, past)
      let history = try RunHistory(past)
      for (count, missing) in [(2, 4), (6, 0), (7, 0)] {
        try write((1...count).map { line($0) }, path)
        #expect(
          history.missingLines(of: try MetricsLog(path, after: 6), after: 6) == max(0, missing))
      }
      // Another checkpoint, and one of a version that did not count.
      try write([line(1), line(2), line(9)], path)
      #expect(history.missingLines(of: try MetricsLog(path, after: 8), after: 8) == 6)
      #expect(history.missingLines(of: try MetricsLog(path, after: 4), after: 4) == 0)
    }
  }

  @Test func aLogThatIsReplacedUnderARunGoesOn() throws {
    try withTemporaryFolder { folder in
      let path = folder.path + "/metrics.jsonl"
      var said: [String] = []
      let log = try MetricsLog(path, after: 0, warn: { said.append($0) })
      for iteration in 1...4 { log.append(Line(iteration: iteration)) }
      try write([line(1), line(2)], path)
      for iteration in 5...6 { log.append(Line(iteration: iteration)) }
      #expect(try MetricsLog(path, after: 9).count == 4 && log.lostLines == 0)
      #expect(said.count == 1 && said[0].contains("metrics.jsonl: found another file"), "\(said)")
      #expect(said.first?.contains("2 of 4 are missing") == true)
    }
  }

  /// Numbers of other programs are no reason to stop.
  @Test func anyNumberIsADuration() {
    for seconds in [Double.infinity, .nan, 1e300, -1e19] {
      #expect(Progress.duration(seconds) == "?")
    }
    #expect(Progress.duration(59.4) == "59s" && Progress.duration(3 * 3600 + 7 * 60) == "3h07m")
  }
}
