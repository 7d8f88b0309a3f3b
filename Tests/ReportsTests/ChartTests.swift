import Foundation
import Reports
import TestSupport
import Testing

/// The page's charts: what they show without a script, what they tell one, and to whom they speak.
@Suite struct ChartTests {
  private func page(_ folder: URL) throws -> String {
    let folders = Folders(folder: folder)
    return ReportPage(
      try [
        folders.run("labels", seed: 1, method: "none", meanIoU: [20, 21]),
        folders.run("kd", seed: 1, method: "kd", meanIoU: [22, 24]),
      ].map { try RunRecord(folder: $0) }
    ).html
  }

  @Test func everyChartSaysWhatItShows() throws {
    try withTemporaryFolder { folder in
      let page = try page(folder)
      let charts = page.matches(of: #/<svg [^>]*>/#)
      #expect(charts.count >= 5)
      for chart in charts {
        #expect(chart.0.contains("role=\"img\"") && chart.0.contains("aria-label=\""))
      }
      // In words, and as a table that needs no script.
      #expect(
        page.contains(
          "aria-label=\"mean IoU, percent. labels: from 20 at 10 to 21 at 20; "
            + "kd: from 22 at 10 to 24 at 20\""))
      #expect(page.contains("<caption>mean IoU, percent: value at iteration</caption>"))
      #expect(page.contains("<th scope=\"row\">kd</th><td>22 at 10</td><td>24 at 20</td>"))
      // A norm of inf is no point, and a chart without points is none.
      #expect(!page.contains("norm of the gradients"))
    }
  }

  @Test func everyTableIsNamedAndEveryHeadHasAScope() throws {
    try withTemporaryFolder { folder in
      let page = try page(folder)
      let tables = page.matches(of: #/<table>(<caption>[^<]+<\/caption>)?/#)
      #expect(tables.count >= 5 && tables.allSatisfy { $0.1 != nil })
      #expect(page.matches(of: #/<th[ >]/#).count == page.matches(of: #/<th scope="/#).count)
      // What is moved has a name: it stands inside its label.
      for input in page.matches(of: #/<(input|select) /#) {
        let before = page[..<input.range.lowerBound]
        let opened = before.matches(of: #/<label>/#).count
        #expect(opened == before.matches(of: #/<\/label>/#).count + 1)
      }
      let names = page.matches(of: #/ id="([^"]+)"/#).map { String($0.1) }
      #expect(Set(names).count == names.count)
    }
  }

  /// Without the script its controls are not there.
  @Test func controlsWaitForTheScript() throws {
    try withTemporaryFolder { folder in
      let page = try page(folder)
      #expect(page.contains("<form class=\"controls\" id=\"controls\" hidden>"))
      let scripts = page.matches(of: #/<script>(.*?)<\/script>/#.dotMatchesNewlines())
      #expect(scripts.count == 1 && scripts.allSatisfy { !$0.1.contains("<") })
    }
  }

  /// The script's values are the runs', and JSON of numbers alone.
  @Test func theScriptHasTheValues() throws {
    try withTemporaryFolder { folder in
      let page = try page(folder)
      let text = try #require(
        page.firstMatch(of: #/<script type="application\/json" id="runs">(.*?)<\/script>/#)?.1)
      let object = try JSONSerialization.jsonObject(with: Data(text.utf8))
      let runs = try #require(object as? [[String: [String: [Double]]]])
      try #require(runs.count == 2)
      // Half a second an iteration, and a second for the validation between.
      #expect(runs[1]["training"] == ["iterations": [10, 20], "seconds": [5, 11]])
      #expect(runs[1]["validation"] == ["iterations": [10, 20], "seconds": [6, 12]])
      #expect(
        page.contains(
          "<g class=\"curve c1\" data-run=\"1\" data-lines=\"validation\" data-values=\"22,24\">"))
    }
  }

  /// Two thousand lines: a chart has as many points as can be seen, means of neighbours.
  @Test func longRunsAreThinned() throws {
    try withTemporaryFolder { folder in
      let path = try Folders(folder: folder).run("a", seed: 1, method: "kd", meanIoU: [20])
      let file = URL(fileURLWithPath: path + "/metrics.jsonl")
      let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
      let many = (1...2000).map { iteration in
        lines[0].replacing("\"iteration\":10", with: "\"iteration\":\(iteration)")
          .replacing("\"loss\":2", with: "\"loss\":\(iteration % 2)")
      }
      let all = (many + [lines[1]]).joined(separator: "\n") + "\n"
      try Data(all.utf8).write(to: file)
      let page = ReportPage([try RunRecord(folder: path)]).html
      let values = try #require(
        page.firstMatch(of: #/data-lines="training" data-values="([^"]*)"/#)?.1)
      let points = values.split(separator: ",")
      #expect((200...300).contains(points.count))
      #expect(points.allSatisfy { abs((Double($0) ?? 9) - 0.5) < 0.1 })
    }
  }
}
