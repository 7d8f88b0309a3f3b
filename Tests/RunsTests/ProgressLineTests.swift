import DataParallel
import Foundation
import Recipes
import Runs
import Testing

/// The line about how far a run is, on wide and narrow terminals.
@Suite struct ProgressLineTests {
  private func line(kd: Double = 0.25, dataWait: Double = 0.001) throws -> TrainingLine {
    let text = """
      {"kind":"train","iteration":12,"stage":"tse","loss":1.5,"task_loss":1.25,"kd_loss":\(kd),\
      "learning_rate":0.01,"gradient_norm":2,"images_per_second":8.25,\
      "seconds_per_iteration":0.5,"data_wait_seconds":\(dataWait),\
      "communication_wait_seconds":0.02,"collective_seconds":0.03,"phase_seconds":{},"valid_pixels":9,"empty_mask":false,\
      "fallback":false,"empty_masks":0,"fallbacks":0,"skipped_updates":0}
      """
    return try JSONDecoder().decode(TrainingLine.self, from: Data(text.utf8))
  }

  @Test func allOfItWhereThereIsRoom() throws {
    let progress = ProgressLine(try line(), iterations: 300, forecast: Forecast(seconds: 75))
    #expect(
      progress.text()
        == "12/300 tse loss 1.5000 (task 1.2500 kd 0.2500) lr 0.01000 8.2 img/s eta 1m15s "
        + "wait data 0.2% ranks 10.0%")
    #expect(progress.text(columns: 200) == progress.text())
  }

  @Test func oneTermIsToldOnce() throws {
    let progress = ProgressLine(try line(kd: 0), iterations: 300, forecast: Forecast(seconds: 75))
    #expect(!progress.text().contains("task"))
  }

  /// It never passes the edge, and what matters stays longest.
  @Test func narrowTerminals() throws {
    let progress = ProgressLine(try line(), iterations: 300, forecast: Forecast(seconds: 75))
    for columns in 1...130 {
      #expect(progress.text(columns: columns).count <= columns)
    }
    #expect(
      progress.text(columns: 79)
        == "12/300 tse loss 1.5000 8.2 img/s eta 1m15s wait data 0.2% ranks 10.0%")
    #expect(progress.text(columns: 40) == "12/300 tse loss 1.5000 eta 1m15s")
    #expect(progress.text(columns: 10) == "12/300")
    #expect(progress.text(columns: 3) == "12/")
  }

  @Test func coloursShowWhatWaitsAndTakeNoRoom() throws {
    let progress = ProgressLine(try line(), iterations: 300, forecast: Forecast(seconds: 75))
    let coloured = progress.text(columns: 79, isColoured: true)
    #expect(coloured.contains("\u{1B}[33mranks 10.0%\u{1B}[0m"))
    #expect(!coloured.contains("\u{1B}[33mwait data"))
    let bare = coloured.replacingOccurrences(
      of: "\u{1B}\\[[0-9]+m", with: "", options: .regularExpression)
    #expect(bare == progress.text(columns: 79))
  }

  /// Before the time of an iteration is known nobody is told any.
  @Test func noForecast() throws {
    let progress = ProgressLine(try line(), iterations: 300, forecast: nil)
    #expect(!progress.text().contains("eta"))
    #expect(progress.logged == "iteration " + progress.text())
    let least = Forecast(seconds: 75, isLeast: true)
    #expect(
      ProgressLine(try line(), iterations: 300, forecast: least).text()
        .contains(" eta over 1m15s wait"))
  }

  @Test func countsOfImages() {
    let first = ProgressLine(
      "validation at 400", done: 3, of: 101, imagesPerSecond: nil, secondsLeft: nil)
    #expect(first.text() == "validation at 400: 3/101 images")
    let later = ProgressLine(
      "validation at 400", done: 37, of: 101, imagesPerSecond: 8, secondsLeft: 8)
    #expect(later.text() == "validation at 400: 37/101 images 8.0 img/s eta 8s")
    #expect(later.logged == later.text())
    #expect(later.text(columns: 40) == "validation at 400: 37/101 images eta 8s")
  }
}

/// When a run is expected to end.
@Suite struct ForecastTests {
  /// A run of 100 iterations that validates every `validateEvery` and saves every 50.
  private func forecast(
    after iteration: Int, validateEvery: Int = 30, _ medians: [Heartbeat.Work: Double],
    count: Int = 9
  ) -> Forecast? {
    var train = Recipe().train
    train.iterations = 100
    train.validateEvery = validateEvery
    train.checkpointEvery = 50
    return Forecast(after: iteration, of: train) { work, least in
      count >= least ? medians[work] : nil
    }
  }

  /// The first iterations of a start prepare operators: they say nothing of the others.
  @Test func itWaitsUntilItKnows() {
    #expect(forecast(after: 3, [.step: 2], count: 2) == nil)
    #expect(forecast(after: 3, [:]) == nil)
    #expect(forecast(after: 4, [.step: 2], count: 3)?.seconds == 192)
  }

  @Test func validationsAndSavesCount() {
    let medians: [Heartbeat.Work: Double] = [.step: 2, .validation: 10, .saving: 1]
    // Validations after 60, 90 and 100, saves after 50 and 100.
    #expect(forecast(after: 40, medians) == Forecast(seconds: 120 + 30 + 2))
    // The one after 100 is both a regular one and the last.
    #expect(forecast(after: 99, validateEvery: 20, medians) == Forecast(seconds: 2 + 10 + 1))
    #expect(forecast(after: 40, validateEvery: 0, medians) == Forecast(seconds: 120 + 10 + 2))
    #expect(forecast(after: 100, medians) == Forecast(seconds: 0))
  }

  @Test func withoutAValidationItIsTheLeast() {
    #expect(forecast(after: 40, [.step: 2]) == Forecast(seconds: 120, isLeast: true))
    #expect(forecast(after: 100, [.step: 2]) == Forecast(seconds: 0))
  }
}
