import Glibc
import Synchronization

/// The two streams of this process that people and programs read: the log on stderr and the results
/// on stdout.
///
/// A line of the log that cannot be written is lost and counted, and a run never waits long for those
/// who read it. Results that cannot be written are a failure of the command, which has to ask for it
/// (`printFailure`). Nothing here traps. Any thread may call it.
package enum Console {
  /// Seconds that a line of the log waits for room.
  private static let patience = 2.0

  private struct Log {
    var lostLines = 0
    var firstLoss: SystemError?
    /// Nobody takes what is written: further lines do not wait before one gets through.
    var isStuck = false
    /// A line was cut off, or is drawn: the next one begins on a line of its own.
    var isTorn = false
  }

  private struct Results {
    var failure: SystemError?
    var isUsed = false
  }

  /// Which stream was written to last, and when.
  private struct Order {
    var rest = 0.0
    var descriptor: Int32 = -1
    var seconds = 0.0
  }

  private static let order = Mutex(Order())
  private static let log = Mutex(Log())
  private static let results = Mutex(Results())
  private static let kept = KeptLog()

  /// Takes the places of standard streams that are closed. Once, before a file is opened: it would
  /// get such a place, and then the log too.
  package static func prepare() {
    for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO]
    where fcntl(descriptor, F_GETFD) == -1 {
      // Only for reading, so that a write fails as on a closed one.
      if open("/dev/null", O_RDONLY) == -1 { _ = open("/", O_RDONLY | O_DIRECTORY) }
    }
  }

  /// Lets a stream rest before the other one is written to, so that its reader has taken all of it.
  ///
  /// mpirun of Open MPI 5 reads at most 4096 bytes at once, and puts what it has of a line before what it
  /// reads next, be that of the other stream (`mpirun --output :raw` does not).
  ///
  /// - Parameter seconds: how long; nothing without this call.
  package static func restBetweenStreams(_ seconds: Double) {
    order.withLock { $0.rest = seconds }
  }

  private static func write(_ text: String, to descriptor: Int32, seconds: Double?)
    -> TextStream.Outcome
  {
    let wait = order.withLock { order in
      defer { order.descriptor = descriptor }
      let isOther = order.descriptor != descriptor && order.descriptor != -1
      return isOther ? order.rest - (MonotonicTime.seconds - order.seconds) : 0
    }
    if wait > 0 { usleep(UInt32(wait * 1e6)) }
    defer { order.withLock { $0.seconds = MonotonicTime.seconds } }
    return TextStream(descriptor).write(text, seconds: seconds)
  }

  // MARK: Log

  /// Writes one line on stderr; one that cannot be written is lost.
  ///
  /// - Parameter line: its line feed is added; line breaks in it become spaces, and other control
  ///   characters are written out. Up to 4095 bytes do not mix with lines of other ranks.
  package static func say(_ line: String) {
    let before = log.withLock { ($0.isTorn, $0.isStuck) }
    let oneLine = line.split(whereSeparator: \.isNewline).joined(separator: " ")
    let text = (before.0 ? "\n" : "") + escaped(oneLine) + "\n"
    let outcome = write(text, to: STDERR_FILENO, seconds: before.1 ? 0 : patience)
    log.withLock { log in
      log.isStuck = outcome.error?.code == EAGAIN
      log.isTorn = outcome.error != nil && (log.isTorn || outcome.byteCount > 0)
      if let error = outcome.error {
        log.lostLines += 1
        log.firstLoss = log.firstLoss ?? error
      }
    }
    kept.add(escaped(oneLine))
  }

  /// Adds a line to the log's file alone, if there is one; see `keepLog`.
  package static func keep(_ line: String) { kept.add(escaped(line)) }

  /// From now on each line of the log also goes to the end of a file, after those said so far.
  ///
  /// The calling thread writes there; lines of others come with its next one. Lines that cannot be
  /// written there are lost, and are not counted.
  ///
  /// - Parameters:
  ///   - path: the file; made if it is missing.
  ///   - heading: a line before all others.
  ///   - files: what writes.
  ///   - warn: told when the file is another one meanwhile.
  /// - Throws: `FileError` if it cannot be written.
  package static func keepLog(
    in path: String, heading: String, files: FileStore, warn: @escaping (String) -> Void
  ) throws(FileError) {
    try kept.open(path, heading: escaped(heading), files: files, warn: warn)
  }

  /// Waits until whoever reads stderr by a pipe has taken all of it, a second at most.
  ///
  /// Open MPI 5 throws away what it has not read yet of a rank that aborts.
  package static func awaitReader() {
    var status = stat()
    guard fstat(STDERR_FILENO, &status) == 0, status.st_mode & S_IFMT == S_IFIFO else { return }
    for _ in 0..<100 {
      var waiting: Int32 = 0
      guard ioctl(STDERR_FILENO, UInt(FIONREAD), &waiting) == 0, waiting > 0 else { return }
      usleep(10_000)
    }
  }

  /// Draws a line on the terminal behind stderr, in place of the one drawn before. It does not wait, and is
  /// not counted. What is said next begins below it.
  ///
  /// - Parameter text: as it is, escape sequences included; no longer than a line of the terminal.
  package static func draw(_ text: String) {
    let outcome = write("\r\u{1B}[K" + text, to: STDERR_FILENO, seconds: 0)
    if outcome.byteCount > 0 { log.withLock { $0.isTorn = true } }
  }

  /// Ends the line that was drawn, if it is the last on stderr.
  package static func endDrawing() {
    guard log.withLock({ $0.isTorn }) else { return }
    let outcome = write("\n", to: STDERR_FILENO, seconds: 0)
    if outcome.error == nil { log.withLock { $0.isTorn = false } }
  }

  /// How many lines of the log could not be written.
  package static var lostLines: Int { log.withLock { $0.lostLines } }

  /// Why the first of them could not be written.
  package static var firstLoss: SystemError? { log.withLock { $0.firstLoss } }

  /// What was lost, for a line at the end of a run; nil if nothing was.
  package static var lossInWords: String? {
    let (count, reason) = log.withLock { ($0.lostLines, $0.firstLoss) }
    guard count > 0, let reason else { return nil }
    let words = reason.code == EAGAIN ? "nobody read them" : "\(reason)"
    return "\(count) line\(count == 1 ? "" : "s") of this log could not be written: \(words)"
  }

  // MARK: Results

  /// Writes a text for programs on stdout, at once and however long it takes.
  ///
  /// After a failure nothing more is written, so that what is there has no holes. On a terminal control
  /// characters are written out, and elsewhere the text is as it is.
  package static func print(_ text: String, terminator: String = "\n") {
    let whole = text + terminator
    put(isatty(STDOUT_FILENO) == 1 ? escaped(whole, keepsLines: true) : whole)
  }

  /// Writes a table or lines for people on stdout, as `print` does. Control characters are written out
  /// wherever it goes: launchers, pagers and `tee` pass it on to a terminal.
  package static func show(_ table: String) { put(escaped(table, keepsLines: true) + "\n") }

  private static func put(_ text: String) {
    guard results.withLock({ $0.failure }) == nil else { return }
    let outcome = write(text, to: STDOUT_FILENO, seconds: nil)
    results.withLock { results in
      results.isUsed = true
      results.failure = results.failure ?? outcome.error
    }
  }

  /// Why results could not be written; nil if all of them were, or there were none.
  ///
  /// Asking brings out what a network file system only says when a file is closed.
  package static var printFailure: SystemError? {
    let (failure, isUsed) = results.withLock { ($0.failure, $0.isUsed) }
    guard failure == nil, isUsed else { return failure }
    let copy = dup(STDOUT_FILENO)
    if copy != -1, close(copy) == -1, errno != EINTR {
      let late = SystemError(code: errno)
      results.withLock { $0.failure = late }
      return late
    }
    return nil
  }
}
