import DataParallel
import Files
import Foundation
import Recipes
import Steps

/// Follows a run by the files of its folder: `rdd watch`.
package final class RunWatch {
  /// What is new of a run.
  package struct News {
    /// Lines of its table: a head, then one for each validation.
    package var rows: [String] = []
    /// The last iteration of which there is a line.
    package var last: String?
    /// Whether the last iteration of the recipe was validated.
    package var isComplete = false
  }

  /// Times of iterations from which on the rest is estimated.
  private static let leastKnown = 3
  /// How long nothing may come, in seconds, and in usual times of the next line, before it is said.
  private static let silence = (seconds: 60.0, usual: 5.0)

  private let files: RunFiles
  private let progress: Progress
  private let follower: LineFollower
  private var recipe: Recipe
  private var last: TrainingLine?
  private var best: ValidationLine?
  private var isComplete = false
  /// The last iteration that a row tells of; nil before the head.
  private var told: Int?
  private var step = RunningMedian()
  private var validation = RunningMedian()
  private var newsSeconds = MonotonicClock.seconds
  private var isSilent = false

  /// Begins to follow a run, which need not have finished an iteration.
  ///
  /// - Parameters:
  ///   - folder: the run's.
  ///   - progress: where the line of the last iteration is shown.
  /// - Throws: `TrainingError` (exit code 66) if it is no run's folder; `RecipeError`, `FileError`.
  package init(folder: String, _ progress: Progress) throws {
    files = RunFiles(folder: folder)
    self.progress = progress
    follower = LineFollower(files.metrics)
    recipe = try Self.recipe(files)
  }

  private static func recipe(_ files: RunFiles) throws -> Recipe {
    guard let text = try WholeFile.text(files.recipe, limit: 1 << 20) else {
      throw TrainingError(
        .missingInput,
        "run: \(files.recipe): found no such file; expected the folder of a run that "
          + "`rdd train --out` made; wait until it has begun, or correct the path")
    }
    return try Recipe.decode(yaml: text, file: files.recipe)
  }

  /// Reads what came since the last look, and shows the last iteration.
  ///
  /// - Throws: `FileError` or `RecipeError` if files that are there cannot be read.
  package func look() throws -> News {
    let news = try follower.next()
    var rows: [String] = []
    if told == nil { rows = head }
    if news.isAnew, told != nil {
      // A start has taken back what came after its checkpoint.
      recipe = try Self.recipe(files)
      (last, best, isComplete) = (nil, nil, false)
    }
    let before = told ?? 0
    var newest = 0
    for text in news.lines {
      let (training, scores) = read(text)
      newest = max(newest, training?.iteration ?? scores?.iteration ?? 0)
      if let training { note(training) }
      if let scores, let row = note(scores), !news.isAnew || scores.iteration ?? 0 > before {
        rows.append(row)
      }
    }
    told = news.isAnew ? newest : max(before, newest)
    if isComplete, let best, !news.lines.isEmpty { rows.append(Self.end(best)) }
    show(isNew: !news.lines.isEmpty)
    return News(rows: rows, last: last.map { line($0).logged }, isComplete: isComplete)
  }

  /// A line of metrics; neither of the two if it is damaged or of another kind.
  private func read(_ text: ArraySlice<UInt8>) -> (TrainingLine?, ValidationLine?) {
    switch try? MetricsLine(text) {
    case .training(let line): (line, nil)
    case .validation(let line): (nil, line)
    case .other, nil: (nil, nil)
    }
  }

  private func note(_ line: TrainingLine) {
    last = line
    step.add(line.secondsPerIteration)
  }

  /// The row of a validation.
  private func note(_ line: ValidationLine) -> String? {
    validation.add(line.seconds)
    let isBest = line.meanIoU > best?.meanIoU ?? -1
    if isBest { best = line }
    isComplete = line.iteration == recipe.train.iterations
    return Self.row([
      "\(line.iteration ?? 0)", last?.stage.rawValue ?? "",
      last.map { String(format: "%.4f", $0.loss) } ?? "",
      String(format: "%.2f", 100 * line.meanIoU), String(format: "%.2f", 100 * line.pixelAccuracy),
      isBest ? "best" : "", line.time ?? "",
    ])
  }

  private var head: [String] {
    let method = recipe.distill.method.rawValue
    return [
      "\(files.folder): \(recipe.student.network), distill \(method), "
        + "\(recipe.train.iterations) iterations of \(recipe.train.batchSize) images",
      Self.row(["iteration", "stage", "loss", "mIoU %", "right %", "", "time"]),
    ]
  }

  private static func end(_ best: ValidationLine) -> String {
    String(
      format: "complete; best mIoU %.2f %% at iteration %d", 100 * best.meanIoU,
      best.iteration ?? 0)
  }

  private static func row(_ fields: [String]) -> String {
    let widths = [9, 6, 9, 7, 7, 4, 0]
    let padded = zip(fields, widths).map { field, width in
      String(repeating: " ", count: max(width - field.count, 0)) + field
    }
    return padded.joined(separator: "  ")
  }

  /// Shows the last iteration, and says so where nothing comes any more.
  private func show(isNew: Bool) {
    let now = MonotonicClock.seconds
    if isNew { (newsSeconds, isSilent) = (now, false) }
    guard let last else { return }
    if isNew {
      progress.show(isLast: isComplete) { line(last) }
    }
    let usual =
      Double(max(recipe.train.logEvery, 1)) * (step.value ?? 0) + (validation.value ?? 0)
    let silence = now - newsSeconds
    guard !isComplete, !isSilent, silence > Self.silence.seconds + Self.silence.usual * usual
    else { return }
    isSilent = true
    progress.note(
      "nothing new for \(Progress.duration(silence)); if the run has ended, \(files.log) says how, "
        + "and the same command goes on with it")
  }

  private func line(_ line: TrainingLine) -> ProgressLine {
    let forecast = Forecast(after: line.iteration, of: recipe.train) { work, _ in
      switch work {
      case .step: step.count >= Self.leastKnown ? step.value : nil
      case .validation: validation.value
      default: nil
      }
    }
    return ProgressLine(line, iterations: recipe.train.iterations, forecast: forecast)
  }
}
