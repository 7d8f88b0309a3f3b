import Foundation
import Testing
import Training

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
    let progress = ProgressLine(try line(), iterations: 300, secondsLeft: 75)
    #expect(
      progress.text()
        == "12/300 tse loss 1.5000 (task 1.2500 kd 0.2500) lr 0.01000 8.2 img/s eta 1m15s "
        + "wait data 0.2% ranks 10.0%")
    #expect(progress.text(columns: 200) == progress.text())
  }

  @Test func oneTermIsToldOnce() throws {
    let progress = ProgressLine(try line(kd: 0), iterations: 300, secondsLeft: 75)
    #expect(!progress.text().contains("task"))
  }

  /// It never passes the edge, and what matters stays longest.
  @Test func narrowTerminals() throws {
    let progress = ProgressLine(try line(), iterations: 300, secondsLeft: 75)
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
    let progress = ProgressLine(try line(), iterations: 300, secondsLeft: 75)
    let coloured = progress.text(columns: 79, isColoured: true)
    #expect(coloured.contains("\u{1B}[33mranks 10.0%\u{1B}[0m"))
    #expect(!coloured.contains("\u{1B}[33mwait data"))
    let bare = coloured.replacingOccurrences(
      of: "\u{1B}\\[[0-9]+m", with: "", options: .regularExpression)
    #expect(bare == progress.text(columns: 79))
  }
}
