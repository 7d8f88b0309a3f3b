import Foundation

/// One line about how far a run is, as long as there is room for it.
package struct ProgressLine {
  /// A piece of the line.
  private struct Part {
    let text: String
    /// Pieces of the highest number are left out first.
    let rank: Int
    /// The escape sequence of its colour.
    var colour: String?
  }

  /// A share of waiting from which it is shown in colour.
  private static let noticeableWait = 0.05
  private static let yellow = "\u{1B}[33m"
  private static let bold = "\u{1B}[1m"
  private static let plain = "\u{1B}[0m"

  private let parts: [Part]
  /// What stands before it in the log.
  private let logName: String

  /// The line of an iteration.
  ///
  /// - Parameters:
  ///   - line: what was measured.
  ///   - iterations: those of the run.
  ///   - forecast: the time that the rest is expected to take; nil while it is not known.
  package init(_ line: TrainingLine, iterations: Int, forecast: Forecast?) {
    logName = "iteration "
    let total = max(line.secondsPerIteration, 1e-9)
    func wait(_ name: String, _ seconds: Double, _ rank: Int) -> Part {
      let share = seconds / total
      return Part(
        text: String(format: "%@ %.1f%%", name, 100 * share), rank: rank,
        colour: share > Self.noticeableWait ? Self.yellow : nil)
    }
    var losses = String(format: "(task %.4f", line.taskLoss)
    if line.kdLoss != 0 { losses += String(format: " kd %.4f", line.kdLoss) }
    for (name, value) in (line.methods ?? [:]).sorted(by: { $0.key < $1.key }) {
      losses += String(format: " %@ %.4f", name, value)
    }
    let isOneTerm = line.kdLoss == 0 && line.methods == nil
    parts = [
      Part(text: "\(line.iteration)/\(iterations)", rank: 0, colour: Self.bold),
      Part(text: line.stage.rawValue, rank: 1),
      Part(text: String(format: "loss %.4f", line.loss), rank: 1),
      Part(text: isOneTerm ? "" : losses + ")", rank: 6),
      Part(text: String(format: "lr %.5f", line.learningRate), rank: 5),
      Part(text: String(format: "%.1f img/s", line.imagesPerSecond), rank: 3),
      Part(text: forecast?.text ?? "", rank: 2),
      wait("wait data", line.dataWaitSeconds, 4),
      wait("ranks", line.communicationWaitSeconds + (line.collectiveSeconds ?? 0), 4),
    ].filter { !$0.text.isEmpty }
  }

  /// The line of a count of images.
  ///
  /// - Parameters:
  ///   - name: of the work.
  ///   - done: images that are done.
  ///   - total: all images.
  ///   - imagesPerSecond: over all ranks; nil while it is not known.
  ///   - secondsLeft: the time that the rest is expected to take; nil while it is not known.
  package init(
    _ name: String, done: Int, of total: Int, imagesPerSecond: Double?, secondsLeft: Double?
  ) {
    logName = ""
    parts = [
      Part(text: "\(name): \(done)/\(total) images", rank: 0),
      Part(text: imagesPerSecond.map { String(format: "%.1f img/s", $0) } ?? "", rank: 2),
      Part(text: secondsLeft.map { Forecast(seconds: $0).text } ?? "", rank: 1),
    ].filter { !$0.text.isEmpty }
  }

  /// The line as the log has it.
  package var logged: String { logName + text() }

  /// The line.
  ///
  /// - Parameters:
  ///   - columns: the most characters; nil for any number.
  ///   - isColoured: whether the terminal shows colours.
  package func text(columns: Int? = nil, isColoured: Bool = false) -> String {
    var shown = parts
    while let columns, Self.width(shown) > columns, let least = shown.map(\.rank).max(), least > 0 {
      shown.removeAll { $0.rank == least }
    }
    if let columns, Self.width(shown) > columns { return String(shown[0].text.prefix(columns)) }
    return shown.map { part in
      guard isColoured, let colour = part.colour else { return part.text }
      return colour + part.text + Self.plain
    }.joined(separator: " ")
  }

  private static func width(_ parts: [Part]) -> Int {
    parts.reduce(max(parts.count - 1, 0)) { $0 + $1.text.count }
  }
}
