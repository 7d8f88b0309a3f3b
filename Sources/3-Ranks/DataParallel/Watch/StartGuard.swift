import Foundation
import Host
import Synchronization

/// Ends a process whose ranks never meet: MPI's start waits for ever for one that is stopped.
///
/// It covers the time before there is a watchdog, which needs MPI and the recipe.
package enum StartGuard {
  /// Seconds that the start may take, if RDD_START_SECONDS does not say otherwise.
  package static let seconds = 600.0

  private static let isOver = Atomic(false)

  /// Begins to wait for `disarm`. Once, before MPI is started.
  ///
  /// - Throws: if the thread that waits does not run.
  package static func arm() throws(ThreadError) {
    let wish = ProcessInfo.processInfo.environment["RDD_START_SECONDS"].flatMap { Double($0) }
    let limit = max(wish ?? seconds, 1)
    try Threads.start("rdd-start", isProven: true) { wait(limit) }
  }

  /// The ranks have met.
  package static func disarm() { isOver.store(true, ordering: .releasing) }

  private static func wait(_ limit: Double) {
    var time = WitnessedTime(now: MonotonicClock.seconds)
    while !isOver.load(ordering: .acquiring) {
      Thread.sleep(forTimeInterval: 0.25)
      time.look(now: MonotonicClock.seconds)
      guard time.seconds > limit else { continue }
      FailureExit.leave(
        String(
          format: "start: the other ranks: found none or not all of them within %.0f s; ", limit)
          + "expected all; look for a host that is stopped or cut off, and start again",
        code: FailureExit.communicationFailed, abruptly: true)
    }
  }
}
