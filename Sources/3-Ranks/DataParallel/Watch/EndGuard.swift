import Files
import Foundation
import Host
import MPI
import Synchronization

/// Ends a process for which MPI finds no end: everything is written, and the exit code is known.
///
/// MPI_Finalize, or MPI_Abort, may wait for ever for a thread of the library that has missed its signal.
package enum EndGuard {
  /// Seconds that MPI's end may take, if RDD_END_SECONDS does not say otherwise.
  package static let seconds = 30.0

  private static let isOver = Atomic(false)

  /// Ends MPI, or, if that takes too long, the process. Collective; once, after all work and all words.
  ///
  /// - Parameters:
  ///   - world: the ranks.
  ///   - code: what the process ends with, 0...255, asked when it does.
  /// - Throws: `MPIError`.
  package static func finalize(
    _ world: World, code: @escaping @Sendable () -> Int32 = { 0 }
  ) throws(MPIError) {
    arm("MPI_Finalize", code)
    defer { isOver.store(true, ordering: .releasing) }
    try world.finalize()
  }

  /// Begins to wait: until `finalize` is done, or the process ends. MPI is active. Where no thread starts,
  /// nobody waits.
  ///
  /// - Parameters:
  ///   - call: what is about to be called.
  ///   - code: what the process ends with, 0...255, asked when it does.
  static func arm(_ call: String, _ code: @escaping @Sendable () -> Int32) {
    let wish = ProcessInfo.processInfo.environment["RDD_END_SECONDS"].flatMap { Double($0) }
    let limit = max(wish ?? seconds, 1)
    // While MPI ends it is asked nothing.
    let place = World.place
    let rank =
      place.map { $0.worldSize > 1 ? "rank \($0.rank) (host \(HostName.current)): " : "" } ?? ""
    _ = try? Threads.start("rdd-end") { wait(limit, "\(rank)\(call)", code) }
  }

  private static func wait(_ limit: Double, _ call: String, _ code: () -> Int32) {
    var time = WitnessedTime(now: MonotonicClock.seconds)
    while !isOver.load(ordering: .acquiring) {
      Thread.sleep(forTimeInterval: 0.25)
      time.look(now: MonotonicClock.seconds)
      guard time.seconds > limit else { continue }
      let code = code()
      Console.say(
        "rdd: warning: end: \(call): found no end of it within \(Int(limit)) s; expected one; "
          + "all is written, and the process ends with code \(code)")
      Console.awaitReader()
      RunFolderLock.releaseAll()
      _exit(code)
    }
  }
}
