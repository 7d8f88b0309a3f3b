import Glibc
import Synchronization

/// The wish that a run ends soon, saved: SIGUSR1 and SIGUSR2 (mpirun hands them to every rank), SIGTERM,
/// SIGINT, SIGHUP, and SIGXCPU, by which the system says that the time of `ulimit -S -t` is used up.
///
/// The handler only sets a flag, which the loop looks at between two iterations. While no loop does,
/// there is nothing to save, and the signals end the process.
package enum StopRequest {
  /// Nanoseconds after which a further SIGINT or SIGTERM is meant as such. Within them it is one wish
  /// that comes twice: from a scheduler and from its launcher, or in a terminal's haste.
  private static let repetition: UInt64 = 1_000_000_000
  private static let signals = [SIGUSR1, SIGUSR2, SIGXCPU, SIGTERM, SIGINT, SIGHUP]
  private static let answer: StaticString =
    "\nrdd: asked to stop: the run will be saved, and end; ^C again ends it at once, unsaved\n"

  private static let isSet = Atomic(false)
  private static let isHeeded = Atomic(false)
  private static let isTerminal = Atomic(false)
  /// When the first SIGINT or SIGTERM came, in nanoseconds; 0 before.
  private static let firstTime = Atomic<UInt64>(0)

  /// From now on the signals are handled here. Once, early in a process; SIGINT and SIGHUP stay
  /// ignored if they were, as below nohup.
  ///
  /// They end the process until `heed()`: SIGUSR1 and SIGUSR2 with code 75, the others by themselves.
  package static func listen() {
    // All that a handler may touch exists before there is one.
    isSet.store(false, ordering: .relaxed)
    isHeeded.store(false, ordering: .relaxed)
    isTerminal.store(isatty(STDERR_FILENO) == 1, ordering: .relaxed)
    firstTime.store(0, ordering: .relaxed)
    _ = answer.utf8Start
    var action = sigaction()
    action.__sigaction_handler.sa_handler = { StopRequest.handle($0) }
    action.sa_flags = SA_RESTART
    for name in signals {
      if name == SIGINT || name == SIGHUP, ProcessSignals.isIgnored(name) { continue }
      sigaction(name, &action, nil)
    }
  }

  /// From now on a loop looks at `isWanted`: the signals are wishes, and no longer the end. A second
  /// SIGINT or SIGTERM ends the process all the same, if it comes a second after the first or later.
  package static func heed() { isHeeded.store(true, ordering: .relaxed) }

  /// Whether this process was asked to stop; others may not have been yet.
  package static var isWanted: Bool { isSet.load(ordering: .relaxed) }

  /// The signals end the process again. For one that has failed: nothing is left to be saved.
  static func cancel() {
    for name in signals where !ProcessSignals.isIgnored(name) { signal(name, SIG_DFL) }
  }

  /// What happens at a signal, with calls alone that a handler may make.
  private static func handle(_ name: Int32) {
    let error = errno
    if !isHeeded.load(ordering: .relaxed) {
      if name == SIGUSR1 || name == SIGUSR2 { _exit(75) }
      ProcessSignals.end(by: name)
    } else if name == SIGINT || name == SIGTERM, isRepeated() {
      ProcessSignals.end(by: name)
    } else if !isSet.exchange(true, ordering: .relaxed), name == SIGINT {
      answerTerminal()
    }
    errno = error
  }

  /// Tells whoever has pressed ^C that it has come. A terminal that is halted is not waited for.
  private static func answerTerminal() {
    var request = pollfd(fd: STDERR_FILENO, events: Int16(POLLOUT), revents: 0)
    guard isTerminal.load(ordering: .relaxed), poll(&request, 1, 0) == 1 else { return }
    _ = write(STDERR_FILENO, answer.utf8Start, answer.utf8CodeUnitCount)
  }

  private static func isRepeated() -> Bool {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    let now = UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    let first = firstTime.compareExchange(expected: 0, desired: now, ordering: .relaxed).original
    return first != 0 && now - first >= repetition
  }
}
