import Foundation
import Recipes

/// Runs on one page of HTML that needs nothing else: no network and no other file.
///
/// Its script only moves what is there; without it the page shows the same.
package struct ReportPage {
  let runs: [RunRecord]
  let names: [String]
  let curves: [RunCurves]
  let comparison: Comparison

  /// Points of all runs' curves in one chart, and the most and fewest of one.
  private static let pointsOfChart = 3000
  private static let pointsOfCurve = 50...300

  /// A page about one run or more, in the order given.
  package init(_ runs: [RunRecord]) {
    precondition(!runs.isEmpty, "ReportPage: no runs; expected one or more")
    self.runs = runs
    let short = runs.map(\.name)
    names = zip(runs, short).map { run, name in
      short.filter { $0 == name }.count > 1 ? run.path : name
    }
    let range = Self.pointsOfCurve
    let limit = min(max(Self.pointsOfChart / runs.count, range.lowerBound), range.upperBound)
    curves = runs.map { RunCurves($0, limit: limit) }
    comparison = Comparison(RunGroup.groups(runs), weights: .last)
  }

  /// The page.
  package var html: String {
    let title = runs.count == 1 ? "rdd: \(names[0])" : "rdd: \(runs.count) runs"
    let body = [
      Markup.section("Result", result), Markup.section("What differs in the recipes", differences),
      Markup.section("IoU of each class, percent, last weights", classes),
      Markup.section("Over the iterations", charts),
      Markup.section("Which classes are taken for which", confusion),
      Markup.section("Where the time went", times),
      Markup.section("The same images as training went on", PageMaps(runs, names).html),
    ].joined()
    // Nothing is fetched, whatever a name or a recipe may hold.
    return """
      <!doctype html>
      <html lang="en"><head><meta charset="utf-8">
      <meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; \
      style-src 'unsafe-inline'; script-src 'unsafe-inline'">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <link rel="icon" href="data:,">
      <title>\(Markup.escaped(title))</title>
      <style>\(PageStyle.chart)\(PageStyle.page)</style></head>
      <body><main><h1>\(Markup.escaped(title))</h1>
      \(body)</main>
      <script type="application/json" id="runs">[\(curves.map(\.json).joined(separator: ","))]</script>
      <script>\(PageScript.charts)\(PageScript.controls)</script></body></html>

      """
  }

  /// The page's colour of a run.
  func colour(_ run: Int) -> Int { run % PageStyle.colourCount }

  static func percent(_ share: Double) -> String { String(format: "%.2f", 100 * share) }
}
