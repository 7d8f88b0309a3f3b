import Glibc
import Synchronization

/// The wish of a scheduler that the job ends soon: SIGUSR1 (mpirun hands it to every rank) or
/// SIGTERM.
///
/// The handler only sets a flag, which the loop looks at between two iterations.
public enum StopRequest {
  private static let isSet = Atomic(false)

  /// From now on the two signals are a wish and no longer the end. Once, early in a process.
  public static func listen() {
    // The flag exists before a handler may touch it.
    isSet.store(false, ordering: .relaxed)
    var action = sigaction()
    action.__sigaction_handler.sa_handler = { _ in
      StopRequest.isSet.store(true, ordering: .relaxed)
    }
    action.sa_flags = SA_RESTART
    for signal in [SIGUSR1, SIGTERM] { sigaction(signal, &action, nil) }
  }

  /// Whether this process was asked to stop; others may not have been yet.
  public static var isWanted: Bool { isSet.load(ordering: .relaxed) }
}
