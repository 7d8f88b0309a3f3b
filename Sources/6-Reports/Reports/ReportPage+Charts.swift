import Foundation
import Runs

extension ReportPage {
  /// The curves, and what moves them.
  var charts: String {
    let terms = Set(runs.flatMap { $0.training.flatMap { ($0.methods ?? [:]).keys } }).sorted()
    let isWeighted = runs.contains { $0.recipe.distill.method == .rdd }
    let weighing = isWeighted ? "(RDD weighs its pixels: not as in other runs)" : ""
    let all =
      [
        loss("loss, all terms") { $0.loss },
        loss("task loss", note: weighing) { $0.taskLoss },
        loss("KD loss") { $0.kdLoss == 0 ? nil : $0.kdLoss },
      ]
      + terms.map { term in loss("loss of \(term)") { $0.methods?[term] } }
      + [
        validationChart, chart("learning rate") { $0.learningRate },
        loss("norm of the gradients") { $0.gradientNorm },
        chart("mean TFE weight") { $0.meanTfeWeight },
        chart("share of valid pixels that TSE trains") { $0.selectedFraction },
        chart("share hard for the student") { $0.studentKeptFraction },
        chart("share hard for the teacher") { $0.teacherKeptFraction },
        chart("student's threshold") { $0.studentThreshold.map(Double.init) },
        chart("images a second") { $0.imagesPerSecond },
      ]
    let drawn = all.joined()
    return drawn.isEmpty ? "" : controls + "<div class=\"charts\">\n\(drawn)</div>"
  }

  /// Hidden until the script is there to obey them.
  private var controls: String {
    let boxes = names.enumerated().map { index, name in
      "<label><input type=\"checkbox\" checked data-run=\"\(index)\"><i class=\"swatch "
        + "c\(colour(index))\"></i>\(Markup.escaped(name))</label>"
    }
    return """
      <form class="controls" id="controls" hidden>
      <fieldset><legend>Runs</legend>\(boxes.joined(separator: "\n"))</fieldset>
      <fieldset><legend>Curves</legend>
      <label>over <select id="across"><option value="iterations">iterations</option>\
      <option value="seconds">time</option></select></label>
      <label>smoothing <input id="smoothing" type="range" min="0" max="95" step="5" value="0">\
      <output for="smoothing">0</output></label>
      <label><input id="logarithmic" type="checkbox"> losses on a logarithmic axis</label></fieldset>
      </form>

      """
  }

  private func loss(
    _ title: String, note: String = "", _ value: (TrainingLine) -> Double?
  ) -> String {
    LineChart(
      title: title, series: series("training") { $0.training(value) }, isFromZero: true,
      mayBeLogarithmic: true, note: note
    ).html
  }

  private func chart(_ title: String, _ value: (TrainingLine) -> Double?) -> String {
    LineChart(
      title: title, series: series("training") { $0.training(value) }, isFromZero: true
    ).html
  }

  private var validationChart: String {
    let points = series("validation") { $0.validation { 100 * $0.meanIoU } }
    return LineChart(
      title: "mean IoU, percent", series: points,
      note: isOneMeasure ? "" : "(not all measured on the same: see Result)"
    ).html
  }

  /// A curve of each run, with the mark of its second stage.
  private func series(
    _ lines: String, _ points: (RunCurves) -> [(x: Double, y: Double)]
  ) -> [LineChart.Series] {
    runs.indices.map { index in
      LineChart.Series(
        name: names[index], points: points(curves[index]), colour: colour(index),
        source: (index, lines),
        mark: runs[index].recipe.secondStage.map { (Double($0), "TFE | TSE") })
    }
  }
}
