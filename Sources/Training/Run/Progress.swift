import Foundation
import Logging

/// Tells the user how far a run is: one line that is redrawn on a terminal, log lines elsewhere.
public final class Progress {
  private let logger: Logger
  private let isTerminal: Bool
  private let iterations: Int
  private let start = DispatchTime.now().uptimeNanoseconds
  private var first: Int?
  private var lastLine = 0.0
  private var isLineOpen = false

  /// Progress over `iterations` iterations, on stderr.
  public init(_ logger: Logger, iterations: Int) {
    self.logger = logger
    self.iterations = iterations
    let terminal = ProcessInfo.processInfo.environment["TERM"] ?? "dumb"
    isTerminal = isatty(STDERR_FILENO) == 1 && terminal != "dumb"
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
    var text = "\(line.iteration)/\(iterations) \(line.stage.rawValue) loss "
    text += String(format: "%.4f (task %.4f kd %.4f)", line.loss, line.taskLoss, line.kdLoss)
    text += String(format: " lr %.5f %.1f img/s", line.learningRate, line.imagesPerSecond)
    text += " eta \(Self.duration(left))"
    let total = max(line.secondsPerIteration, 1e-9)
    text += String(
      format: " wait data %.1f%% ranks %.1f%%", 100 * line.dataWaitSeconds / total,
      100 * line.communicationWaitSeconds / total)
    guard isTerminal else {
      if isLogged { logger.info("iteration \(text)") }
      return
    }
    guard now - lastLine > 0.1 || line.iteration == iterations else { return }
    lastLine = now
    isLineOpen = true
    FileHandle.standardError.write(Data("\r\u{1B}[K\(text.prefix(Self.columns - 1))".utf8))
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
    if isLineOpen { FileHandle.standardError.write(Data("\n".utf8)) }
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
