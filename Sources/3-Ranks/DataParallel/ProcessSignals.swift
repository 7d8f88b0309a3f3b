import Glibc

/// What signals do to this process that are no wish to stop (`StopRequest`).
package enum ProcessSignals {
  /// Signals by which the system says that a process has done something wrong.
  private static let crashes = [SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT]
  /// What Swift's runtime does at each of them, by signal.
  private nonisolated(unsafe) static let inherited = UnsafeMutablePointer<sigaction>.allocate(
    capacity: 65)

  /// Sets all of them. Once, early in a process and before MPI starts.
  ///
  /// - PIPE and XFSZ are ignored: the write that finds no reader, or a file that may not grow, fails and
  ///   says so.
  /// - QUIT ends the process, and so does a signal of a crash that another process sends. Swift's
  ///   runtime writes a backtrace at each of them and then goes on where it was, since a crash proper
  ///   would happen again there.
  package static func prepare() {
    for name in [SIGPIPE, SIGXFSZ] { signal(name, SIG_IGN) }
    if !isIgnored(SIGQUIT) { signal(SIGQUIT, SIG_DFL) }
    for crash in crashes { endIfSent(crash) }
  }

  /// Whether a signal does nothing, as whoever started this process may have wished.
  static func isIgnored(_ name: Int32) -> Bool {
    var action = sigaction()
    sigaction(name, nil, &action)
    return isSame(action.__sigaction_handler.sa_handler, SIG_IGN)
  }

  /// The default action, at once if a handler asks for it: then the process ends when that returns.
  static func end(by name: Int32) {
    signal(name, SIG_DFL)
    raise(name)
  }

  private static func isSame(_ first: __sighandler_t?, _ second: __sighandler_t?) -> Bool {
    unsafeBitCast(first, to: Int.self) == unsafeBitCast(second, to: Int.self)
  }

  /// Puts a handler before the runtime's, for signals of other processes.
  private static func endIfSent(_ name: Int32) {
    var action = sigaction()
    sigaction(name, nil, &action)
    let handler = action.__sigaction_handler.sa_handler
    guard !isSame(handler, SIG_DFL), !isSame(handler, SIG_IGN), action.sa_flags & SA_SIGINFO != 0
    else { return }
    inherited[Int(name)] = action
    action.__sigaction_handler.sa_sigaction = { name, information, context in
      // Codes up to 0 are those of processes; abort() is one that sends to itself.
      if let information, information.pointee.si_code <= 0,
        information.pointee._sifields._kill.si_pid != getpid()
      {
        ProcessSignals.end(by: name)
      } else {
        ProcessSignals.inherited[Int(name)].__sigaction_handler.sa_sigaction(
          name, information, context)
      }
    }
    sigaction(name, &action, nil)
  }
}
