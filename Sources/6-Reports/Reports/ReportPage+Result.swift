import Foundation

extension ReportPage {
  /// What the runs came to: in words, then in numbers.
  var result: String {
    let sentences = comparison.sentences.map { Markup.escaped($0) }
    let rest = sentences.dropFirst().map { "<li>\($0)</li>" }
    return "<p class=\"lead\">\(sentences[0])</p>\n"
      + (rest.isEmpty ? "" : "<ul class=\"lead\">\(rest.joined(separator: "\n"))</ul>\n")
      + means + scores + notes
  }

  /// What each recipe comes to over its seeds; empty where no recipe has more than one.
  private var means: String {
    guard comparison.rows.count < runs.count else { return "" }
    let means = comparison.rows.map(\.meanIoU.mean)
    let cells = comparison.rows.map { Table.Cell.number($0.meanIoU.text) }
    let marked = isOneMeasure ? Table.Cell.marking(cells, by: means) : cells
    let rows = zip(comparison.rows, marked).map { row, mean in
      Table.Row(
        row.name,
        [
          mean, .number("\(row.seeds.count)"), .number(row.pixelAccuracy.text),
          .number(Comparison.time(row.seconds.mean)),
        ])
    }
    return Table(
      caption: "Means over the seeds, +- standard deviation, last weights",
      columns: ["recipe", "mIoU %", "seeds", "pixel accuracy %", "time"], rows: rows
    ).html
  }

  /// Whether all runs were measured on the same: the highest of other numbers would be none.
  var isOneMeasure: Bool { comparison.pairs.allSatisfy { $0.difference != nil } }

  private var scores: String {
    func column(_ cell: (Double) -> Table.Cell, _ value: (RunRecord) -> Double) -> [Table.Cell] {
      let values = runs.map(value)
      let cells = values.map(cell)
      return isOneMeasure ? Table.Cell.marking(cells, by: values) : cells
    }
    func percent(_ share: Double) -> Table.Cell { .number(Self.percent(share)) }
    let last = column(percent) { $0.last.meanIoU }
    let best = column(percent) { $0.best.meanIoU }
    let accuracy = column(percent) { $0.last.pixelAccuracy }
    let rows = runs.indices.map { index in
      let run = runs[index]
      return Table.Row(
        names[index],
        [
          last[index], best[index], .number("\(run.best.iteration ?? 0)"), accuracy[index],
          .text(run.recipe.distill.method.rawValue), .text(run.recipe.student.network.description),
          run.parameterCount.map { .number(Self.millions($0)) } ?? .nothing,
          .number("\(run.recipe.train.seed)"), .number("\(run.last.images)"),
          Self.rate(run.trainingRate), Self.rate(run.validationRate),
          .number(Comparison.time(run.seconds)),
          .number(
            run.isFinished
              ? "\(run.recipe.train.iterations)"
              : "\(run.last.iteration ?? 0) of \(run.recipe.train.iterations)"),
        ], colour: colour(index))
    }
    return Table(
      caption: "Scores of the runs",
      columns: [
        "run", "last mIoU %", "best mIoU %", "best at iteration", "pixel accuracy %", "method",
        "network", "parameters", "seed", "validation images", "images/s, training",
        "images/s, validation", "time", "iterations",
      ], rows: rows
    ).html
  }

  private var notes: String {
    var notes: [String] = []
    let meanings = Set(runs.map(\.last.meaning))
    for meaning in meanings.sorted() {
      let those = zip(runs, names).filter { $0.0.last.meaning == meaning }.map(\.1)
      let which = meanings.count == 1 ? "" : " of \(those.joined(separator: ", "))"
      notes.append("Mean IoU\(which) is \(meaning).")
    }
    notes.append(
      "The best weights were chosen on the images that they are measured on. Parameters include the "
        + "auxiliary head; images a second are those of all ranks, with reading and, in training, the "
        + "teacher.")
    return Markup.note(notes.joined(separator: " "))
      + zip(runs, names).filter { $0.0.damagedLines > 0 }.map { run, name in
        Markup.note("\(name): \(run.damagedLines) damaged lines of metrics.jsonl are left out.")
      }.joined()
  }

  private static func millions(_ count: Int) -> String {
    String(format: "%.2f M", Double(count) / 1e6)
  }

  private static func rate(_ rate: Double?) -> Table.Cell {
    rate.map { .number(String(format: "%.1f", $0)) } ?? .nothing
  }
}

extension RunRecord {
  /// Images a second of training, over all lines; nil without one.
  fileprivate var trainingRate: Double? {
    var (seconds, before) = (0.0, 0)
    for line in training {
      seconds += Double(line.iteration - before) * line.secondsPerIteration
      before = line.iteration
    }
    return seconds > 0 ? Double(before) * Double(recipe.train.batchSize) / seconds : nil
  }

  /// Images a second of the last validation.
  fileprivate var validationRate: Double? {
    last.seconds > 0 ? Double(last.images) / last.seconds : nil
  }
}
