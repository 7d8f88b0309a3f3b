import Files
import Foundation
import Logging

/// Tells the user how far a run is: one line that is redrawn on a terminal, log lines elsewhere.
public final class Progress {
  private let logger: Logger
  private let isTerminal: Bool
  private let isColoured: Bool
  private let iterations: Int
  private let start = DispatchTime.now().uptimeNanoseconds
  private var first: Int?
  private var lastLine = 0.0
  private var isLineOpen = false

  /// Progress over `iterations` iterations, on stderr.
  public init(_ logger: Logger, iterations: Int) {
    self.logger = logger
    self.iterations = iterations
    let environment = ProcessInfo.processInfo.environment
    isTerminal = isatty(STDERR_FILENO) == 1 && environment["TERM"] ?? "dumb" != "dumb"
    // As no-color.org has it: any value but an empty one.
    isColoured = environment["NO_COLOR"] ?? "" == ""
  }

  /// The width of the terminal in characters; 80 if it does not say.
  private static var columns: Int {
    var size = winsize()
    guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else {
      return ProcessInfo.processInfo.environment["COLUMNS"].flatMap { Int($0) } ?? 80
    }
    return Int(size.ws_col)
  }

  /// Shows an iteration: redrawn at most ten times a second, or logged if `isLogged`.
  func show(_ line: TrainingLine, isLogged: Bool) {
    let now = seconds
    if first == nil { first = line.iteration - 1 }
    let done = Double(line.iteration - (first ?? 0))
    let left = Double(iterations - line.iteration) * now / max(done, 1)
    let text = ProgressLine(line, iterations: iterations, secondsLeft: left)
    guard isTerminal else {
      if isLogged { logger.info("iteration \(text.text())") }
      return
    }
    guard now - lastLine > 0.1 || line.iteration == iterations else { return }
    lastLine = now
    isLineOpen = true
    // A character less than there are: some terminals begin a new line after the last.
    let shown = text.text(columns: max(Self.columns - 1, 1), isColoured: isColoured)
    Console.show("\r\u{1B}[K\(shown)")
  }

  /// Writes a line of its own.
  func note(_ text: String) {
    close()
    logger.info("\(text)")
  }

  /// Writes a line of its own about something that should not be.
  func warn(_ text: String) {
    close()
    logger.warning("\(text)")
  }

  /// Ends the line that is redrawn.
  func close() {
    if isLineOpen { Console.show("\n") }
    isLineOpen = false
  }

  /// Seconds since the start.
  var seconds: Double { Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9 }

  /// A time as `42s`, `5m12s` or `3h07m`.
  public static func duration(_ seconds: Double) -> String {
    guard seconds.isFinite else { return "?" }
    let whole = Int(seconds.rounded())
    if whole < 60 { return "\(whole)s" }
    if whole < 3600 { return String(format: "%dm%02ds", whole / 60, whole % 60) }
    return String(format: "%dh%02dm", whole / 3600, whole / 60 % 60)
  }
}
