import Foundation
import Reports
import TestSupport
import Testing

/// Metrics of numbers that no run writes: readers go on without those lines, or without a number.
@Suite struct OddNumbersTests {
  /// What stands in the lines in place of what, and how many lines are left out for it.
  struct Change: Sendable {
    let old: String
    let new: String
    var left = 0
  }

  private static let least = "-9223372036854775808"
  private static let most = "9223372036854775807"

  @Test(arguments: [
    Change(old: #""train","iteration":10"#, new: #""train","iteration":\#(least)"#, left: 1),
    Change(old: #""train","iteration":20"#, new: #""train","iteration":\#(most)"#, left: 1),
    Change(old: #""validation","iteration":10"#, new: #""validation","iteration":-1"#, left: 1),
    Change(old: #""class_iou":[0.5,null]"#, new: #""class_iou":[0.5]"#, left: 2),
    Change(old: #""class_names":["a","b"]"#, new: #""class_names":["a","b","c"]"#, left: 2),
    Change(old: #""seconds_per_iteration":0.5"#, new: #""seconds_per_iteration":1e300"#),
    Change(old: #""seconds_per_iteration":0.5"#, new: #""seconds_per_iteration":1e308"#),
    Change(old: #""images":3,"seconds":1"#, new: #""images":\#(most),"seconds":1e308"#),
    Change(old: #""phase_seconds":{"student":0.5}"#, new: #""phase_seconds":{"student":-1e300}"#),
    Change(old: #""mean_iou":0.2,"#, new: #""mean_iou":1e300,"#),
    Change(old: #""mean_iou":0.2,"#, new: #""mean_iou":"nan","#),
    Change(old: #""loss":2,"#, new: #""loss":1e16,"#),
  ])
  func oddNumbersEndNothing(change: Change) throws {
    try withTemporaryFolder { folder in
      let folders = Folders(folder: folder)
      let names = [("a", 1, "kd"), ("b", 2, "kd"), ("c", 3, "none"), ("d", 4, "none")]
      let paths = try names.map { name, seed, method in
        try folders.run(
          name, seed: seed, method: method, meanIoU: [20, 20, 22],
          measured: Folders.Measured(confusion: [[3, 1], [0, 0]]))
      }
      var found = 0
      for path in paths.dropLast() {
        let file = URL(fileURLWithPath: path + "/metrics.jsonl")
        let text = try String(contentsOf: file, encoding: .utf8)
        let lines = text.split(separator: "\n").map(String.init)
        // All but the last validation.
        let changed = lines.dropLast().map { line in
          found += line.contains(change.old) ? 1 : 0
          return line.replacing(change.old, with: change.new)
        }
        let all = (changed + lines.suffix(1)).joined(separator: "\n") + "\n"
        try Data(all.utf8).write(to: file)
      }
      #expect(found > 0)
      let runs = try paths.map { try RunRecord(folder: $0) }
      #expect(runs.dropLast().map(\.damagedLines) == [change.left, change.left, change.left])
      let comparison = Comparison(RunGroup.groups(runs), weights: .best)
      #expect(comparison.rows.map(\.seeds) == [[1, 2], [3, 4]])
      #expect(!comparison.table.isEmpty)
      _ = try JSONSerialization.jsonObject(with: Data(comparison.json.utf8))
      #expect(ReportPage(runs).html.contains("Scores of the runs"))
    }
  }

  /// Where nothing else is left, the line says what was left out.
  @Test func damagedLinesAloneAreTold() throws {
    try withTemporaryFolder { folder in
      let path = try Folders(folder: folder).run("a", seed: 1, method: "kd", meanIoU: [20])
      let file = URL(fileURLWithPath: path + "/metrics.jsonl")
      let text = try String(contentsOf: file, encoding: .utf8)
        .replacing(#""class_iou":[0.5,null]"#, with: #""class_iou":[]"#)
      try Data(text.utf8).write(to: file)
      let error = #expect(throws: ReportError.self) { try RunRecord(folder: path) }
      let expected = "found no validation beside damaged lines of metrics.jsonl: 1"
      #expect(error?.description.contains(expected) == true, "\(String(describing: error))")
    }
  }

  /// Losses so large that the axis between them cannot be divided.
  @Test func largeNumbersHaveAnAxis() throws {
    try withTemporaryFolder { folder in
      let path = try Folders(folder: folder).run("a", seed: 1, method: "kd", meanIoU: [20, 21])
      let file = URL(fileURLWithPath: path + "/metrics.jsonl")
      let text = try String(contentsOf: file, encoding: .utf8)
        .replacing(#""mean_iou":0.2,"#, with: #""mean_iou":1e15,"#)
        .replacing(#""mean_iou":0.21,"#, with: #""mean_iou":1000000000000000.25,"#)
      try Data(text.utf8).write(to: file)
      #expect(ReportPage([try RunRecord(folder: path)]).html.contains("mean IoU, percent"))
    }
  }
}
