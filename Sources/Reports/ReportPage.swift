import Foundation
import Recipes
import Training

/// Runs on one page of HTML that needs nothing else: no network, no script, no other file.
public struct ReportPage {
  private let runs: [RunRecord]
  private let names: [String]

  /// A page about one run or more, in the order given.
  public init(_ runs: [RunRecord]) {
    precondition(!runs.isEmpty, "ReportPage: no runs; expected one or more")
    self.runs = runs
    let short = runs.map(\.name)
    names = zip(runs, short).map { run, name in
      short.filter { $0 == name }.count > 1 ? run.path : name
    }
  }

  /// The page.
  public var html: String {
    let title = runs.count == 1 ? "rdd: \(names[0])" : "rdd: \(runs.count) runs"
    let body = [
      Markup.section("Result", result), Markup.section("What differs in the recipes", differences),
      Markup.section("Over the iterations", "<div class=\"charts\">\n\(charts)</div>"),
      Markup.section("IoU of each class, percent, last weights", classes),
      Markup.section("Where the time went", times),
      Markup.section("The same images as training went on", PageMaps(runs, names).html),
    ].joined()
    return """
      <!doctype html>
      <html lang="en"><head><meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <link rel="icon" href="data:,">
      <title>\(Markup.escaped(title))</title>
      <style>\(PageStyle.css)</style></head>
      <body><h1>\(Markup.escaped(title))</h1>
      \(body)</body></html>

      """
  }

  private var result: String {
    let rows = zip(runs, names).map { run, name in
      [
        name, run.recipe.student.network.rawValue, run.recipe.distill.method.rawValue,
        "\(run.recipe.train.seed)", Self.percent(run.best.meanIoU),
        "\(run.best.iteration ?? 0)", Self.percent(run.last.meanIoU),
        Self.percent(run.last.pixelAccuracy), Comparison.time(run.seconds),
        run.isFinished
          ? "\(run.recipe.train.iterations)"
          : "\(run.last.iteration ?? 0) of \(run.recipe.train.iterations)",
      ]
    }
    return Markup.table(
      [
        "run", "student", "method", "seed", "best mIoU %", "at", "last mIoU %",
        "pixel accuracy %", "time", "iterations",
      ], rows)
      + "<p class=\"soft\">Mean IoU is \(runs[0].last.meaning). The best weights were chosen on the images that they are "
      + "measured on.</p>" + damage
  }

  /// What could not be read of the runs' metrics; empty if all could.
  private var damage: String {
    zip(runs, names).filter { $0.0.damagedLines > 0 }.map { run, name in
      "<p class=\"soft\">\(Markup.escaped(name)): \(run.damagedLines) damaged lines of metrics.jsonl "
        + "are left out.</p>"
    }.joined()
  }

  private var differences: String {
    guard runs.count > 1 else { return "" }
    var keys: [String] = []
    for run in runs.dropFirst() {
      for key in run.recipe.differingKeys(from: runs[0].recipe) where !keys.contains(key) {
        keys.append(key)
      }
    }
    guard !keys.isEmpty else { return "<p>Nothing.</p>" }
    return Markup.table(
      ["key"] + names, keys.map { key in [key] + runs.map { $0.recipe.value(ofKey: key) ?? "" } })
  }

  private var charts: String {
    [
      chart("loss, all terms") { $0.loss }, chart("task loss") { $0.taskLoss },
      chart("KD loss", isFromZero: true) { $0.kdLoss == 0 ? nil : $0.kdLoss },
      validationChart, chart("learning rate", isFromZero: true) { $0.learningRate },
      chart("norm of the gradients") { $0.gradientNorm },
      chart("mean TFE weight") { $0.meanTfeWeight },
      chart("share of valid pixels that TSE trains", isFromZero: true) { $0.selectedFraction },
      chart("share hard for the student", isFromZero: true) { $0.studentKeptFraction },
      chart("share hard for the teacher", isFromZero: true) { $0.teacherKeptFraction },
      chart("student's threshold") { $0.studentThreshold.map(Double.init) },
      chart("images a second", isFromZero: true) { $0.imagesPerSecond },
    ].joined()
  }

  private func chart(
    _ title: String, isFromZero: Bool = false, _ value: (TrainingLine) -> Double?
  ) -> String {
    let series = zip(runs, names).enumerated().map { index, run in
      LineChart.Series(
        name: run.1,
        points: run.0.training.compactMap { line in
          value(line).map { (x: Double(line.iteration), y: $0) }
        }, colour: index % PageStyle.colourCount)
    }
    return LineChart(title: title, series: series, marks: marks, isFromZero: isFromZero).html
  }

  private var validationChart: String {
    let series = zip(runs, names).enumerated().map { index, run in
      LineChart.Series(
        name: run.1,
        points: run.0.validations.map { (x: Double($0.iteration ?? 0), y: 100 * $0.meanIoU) },
        colour: index % PageStyle.colourCount)
    }
    return LineChart(title: "mean IoU, percent", series: series, marks: marks).html
  }

  /// Where runs pass from TFE to TSE; once for all that do so at the same iteration.
  private var marks: [(x: Double, name: String)] {
    var marks: [(x: Double, name: String)] = []
    for run in runs where run.recipe.distill.method == .rdd {
      let at = Double(run.recipe.distill.warmupIterations)
      if at > 1, !marks.contains(where: { $0.x == at }) { marks.append((at, "TFE | TSE")) }
    }
    return marks
  }

  private var classes: String {
    let count = runs[0].last.classNames.count
    guard runs.allSatisfy({ $0.last.classNames.count == count }) else { return "" }
    return Markup.table(
      ["class"] + names,
      (0..<count).map { index in
        [runs[0].last.classNames[index]]
          + runs.map { $0.last.classIoU[index].map(Self.percent) ?? "absent" }
      })
  }

  private var times: String {
    zip(runs, names).map { run, name in
      var seconds: [String: Double] = [:]
      var before = 0
      for line in run.training {
        for (phase, time) in line.phaseSeconds {
          seconds[phase, default: 0] += time * Double(line.iteration - before)
        }
        before = line.iteration
      }
      seconds["validation"] = run.validations.reduce(0) { $0 + $1.seconds }
      let total = max(seconds.values.reduce(0, +), 1e-9)
      let parts = seconds.sorted { $0.value > $1.value }
      let bar = parts.enumerated().map { index, part in
        let share = String(format: "%.2f", 100 * part.value / total)
        return "<i class=\"c\(index % PageStyle.colourCount)\" style=\"width:\(share)%\"></i>"
      }
      let legend = parts.enumerated().map { index, part in
        "<span class=\"key\"><i class=\"c\(index % PageStyle.colourCount)\"></i>"
          + "\(Markup.escaped(part.key)) \(String(format: "%.1f", 100 * part.value / total)) %</span>"
      }
      return "<p>\(Markup.escaped(name)), \(Comparison.time(total)) on rank 0</p>"
        + "<div class=\"shares\">\(bar.joined())</div>"
        + "<div class=\"legend\">\(legend.joined(separator: " "))</div>"
    }.joined(separator: "\n")
  }

  private static func percent(_ share: Double) -> String { String(format: "%.2f", 100 * share) }
}
