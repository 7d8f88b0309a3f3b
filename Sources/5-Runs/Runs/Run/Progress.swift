import DataParallel
import Files
import Foundation
import Logging
import Synchronization

/// Tells the user how far a piece of work is: one line that is redrawn on a terminal, log lines
/// elsewhere. Any thread may call it.
package final class Progress: Sendable {
  private struct State {
    var drawn = -Double.infinity
    var logged = MonotonicClock.seconds
  }

  /// Seconds between two drawings.
  private static let shortestRest = 0.1
  /// Seconds without a log line after which there is one, where there is no terminal.
  private static let longestSilence = 30.0

  private let logger: Logger
  private let terminal = Terminal()
  private let state = Mutex(State())

  /// Progress that `logger` tells, on stderr.
  package init(_ logger: Logger) { self.logger = logger }

  /// Shows how far the work is.
  ///
  /// - Parameters:
  ///   - line: made only if it is shown.
  ///   - isLogged: whether the log is to have it; without a terminal it has one every half minute.
  ///   - isLast: whether none follows, so that it is drawn in any case.
  func show(isLogged: Bool = false, isLast: Bool = false, _ line: () -> ProgressLine) {
    let now = MonotonicClock.seconds
    let (isDrawn, isSilent) = state.withLock { state in
      let isDrawn = terminal != nil && (isLast || now - state.drawn > Self.shortestRest)
      let isSilent = terminal == nil && now - state.logged >= Self.longestSilence
      if isDrawn { state.drawn = now }
      if isLogged || isSilent { state.logged = now }
      return (isDrawn, isSilent)
    }
    guard isDrawn || isLogged || isSilent else { return }
    let line = line()
    if let terminal {
      // A character less than there are: some terminals begin a new line after the last.
      if isDrawn {
        Console.draw(
          line.text(columns: max(terminal.columns - 1, 1), isColoured: terminal.isColoured))
      }
      if isLogged { Console.keep("\(Date().formatted(.iso8601)) \(line.logged)") }
    } else {
      logger.info("\(line.logged)")
    }
  }

  /// Writes a line of its own.
  func note(_ text: String) {
    state.withLock { $0.logged = MonotonicClock.seconds }
    logger.info("\(text)")
  }

  /// Writes a line of its own about something that should not be.
  func warn(_ text: String) { logger.warning("\(text)") }

  /// Ends the line that is redrawn, before something else than the log is written.
  package func close() { Console.endDrawing() }

  /// A time as `42s`, `5m12s` or `3h07m`.
  package static func duration(_ seconds: Double) -> String {
    guard let whole = Int(exactly: seconds.rounded()) else { return "?" }
    if whole < 60 { return "\(whole)s" }
    if whole < 3600 { return String(format: "%dm%02ds", whole / 60, whole % 60) }
    return String(format: "%dh%02dm", whole / 3600, whole / 60 % 60)
  }
}

/// Counts the images of a piece of work, and tells how many are done.
///
/// A rank knows its own share alone, and takes the others for as fast. Any thread may call it.
package final class ImageCount: Sendable {
  private struct State {
    var done = 0
    /// When the first images were done, which take longer than others, and how many they were.
    var first: (seconds: Double, count: Int)?
  }

  /// Images after the first ones from which on the rest is estimated.
  private static let leastKnown = 3

  private let progress: Progress?
  private let name: String
  private let share: Int
  private let total: Int
  private let state = Mutex(State())

  /// A count that nothing is done of.
  ///
  /// - Parameters:
  ///   - progress: where it is shown; nil on ranks that do not speak.
  ///   - name: of the work.
  ///   - share: this rank's images.
  ///   - total: the images of all ranks.
  package init(_ progress: Progress?, _ name: String, share: Int, of total: Int) {
    self.progress = progress
    self.name = name
    self.share = share
    self.total = total
  }

  /// Some more are done.
  package func add(_ count: Int) {
    guard let progress else { return }
    let now = MonotonicClock.seconds
    let (done, first) = state.withLock { state in
      state.done += count
      if state.first == nil { state.first = (now, state.done) }
      return (state.done, state.first ?? (now, state.done))
    }
    progress.show(isLast: done >= share) {
      let (count, seconds) = (done - first.count, now - first.seconds)
      let isKnown = count >= Self.leastKnown && seconds > 0
      let all = Double(total) / Double(max(share, 1))
      return ProgressLine(
        name, done: done >= share ? total : Int(Double(done) * all), of: total,
        imagesPerSecond: isKnown ? Double(count) / seconds * all : nil,
        secondsLeft: isKnown ? seconds / Double(count) * Double(share - done) : nil)
    }
  }
}
