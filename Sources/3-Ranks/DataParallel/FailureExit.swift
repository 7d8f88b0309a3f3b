import Files
import Foundation
import MPI
import Synchronization

/// The one way out of a rank that failed.
package enum FailureExit {
  /// The exit code when ranks can no longer communicate: EX_PROTOCOL of sysexits.h.
  package static let communicationFailed: Int32 = 76
  /// The exit code in place of one outside 1...255: EX_SOFTWARE of sysexits.h.
  package static let internalFailure: Int32 = 70
  /// How long ranks other than 0 wait before they speak, so that what fails alike on all ranks (a
  /// bad recipe) is said once: rank 0's abort ends them within 0.2 s, or 1 s on a busy host, by the
  /// SIGTERM that mpirun sends first; before MPI is active it takes mpirun about 1 s to see that rank 0
  /// has exited.
  private static let patienceSeconds = (active: 1.5, inactive: 2.5)

  private static let isLeaving = Atomic(false)

  /// Prints `rdd: error: ...` as one line on stderr and ends the job with `code`.
  ///
  /// With MPI active every rank ends through MPI_Abort: a rank that finalises and then exits with
  /// another code than 0 hangs the job. Without MPI only this process ends. Any thread may call
  /// it; the first one speaks, the others wait for the end. Not collective.
  ///
  /// - Parameters:
  ///   - message: what failed, in one line.
  ///   - code: 1...255.
  ///   - abruptly: ends this process alone, without any call that could wait for a rank that does
  ///     not answer; the launcher then ends the others.
  ///   - failed: the rank that the message is of and its host, if it is not this one's.
  package static func leave(
    _ message: String, code: Int32, abruptly: Bool = false,
    of failed: (rank: Int, host: String)? = nil
  ) -> Never {
    let isFirst = isLeaving.compareExchange(
      expected: false, desired: true, ordering: .acquiringAndReleasing
    ).exchanged
    while !isFirst { sleep(1) }
    // Else a rank that waits for its turn to speak would outlive mpirun's SIGTERM, and speak.
    StopRequest.cancel()
    // A closed stderr must not turn the exit code into SIGPIPE's.
    signal(SIGPIPE, SIG_IGN)
    let environment = MPIEnvironment.current
    let launched = environment.isLaunched ? environment.launchedRank : nil
    let place = World.place
    let rank = place?.rank ?? launched ?? 0
    let worldSize = place?.worldSize ?? launched.flatMap { _ in environment.launchedCount?.count }
    if rank != 0 {
      Thread.sleep(
        forTimeInterval: place == nil ? patienceSeconds.inactive : patienceSeconds.active)
    }
    // Another thread may hold the lock of a stream that nobody reads.
    if !abruptly { fflush(nil) }
    if !abruptly, let loss = Console.lossInWords { Console.say("rdd: warning: \(loss)") }
    let blamed = failed ?? (rank, HostName.current)
    Console.say(
      line(message, rank: blamed.rank, worldSize: worldSize ?? 1, host: blamed.host))
    if !abruptly { Console.awaitReader() }
    // What stands for a lock outlives a process that ends like this.
    if !abruptly { RunFolderLock.releaseAll() }
    let code = (1...255).contains(code) ? code : internalFailure
    guard place != nil, !abruptly else {
      // Not exit(): destructors of libraries whose threads still run could crash, and change the
      // code.
      _exit(code)
    }
    EndGuard.arm("MPI_Abort") { code }
    World.abort(code: code)
  }

  /// Ends a job of which all is saved and said with a code, silently. Collective; MPI is active.
  ///
  /// mpirun of Open MPI 4 writes a dozen lines about ranks that exit with a code, and none after
  /// MPI_Abort. That of Open MPI 5 writes of both, and more of the second. A job of srun has its code
  /// from each rank's exit.
  ///
  /// - Parameters:
  ///   - world: the ranks.
  ///   - code: 1...255, the same on all ranks.
  package static func end(_ world: World, code: Int32) throws(MPIError) -> Never {
    guard world.environment.isStartedByMPIRun, World.openMPIVersion == 4 else {
      try EndGuard.finalize(world) { code }
      exit(code)
    }
    fflush(nil)
    Console.awaitReader()
    RunFolderLock.releaseAll()
    EndGuard.arm("MPI_Abort") { code }
    // The first one that aborts ends the others.
    try world.communicator.barrier()
    World.abort(code: code)
  }

  /// As `leave(_:code:)`, with an error's description.
  package static func leave(_ error: any Error, code: Int32) -> Never {
    let shared = error as? RankFailure
    leave(String(describing: error), code: code, of: shared.map { ($0.rank, $0.host) })
  }

  /// The line that `leave` prints, with its line feed; whatever the message quotes, it stays one line
  /// and tells the terminal nothing but its text.
  package static func line(_ message: String, rank: Int, worldSize: Int, host: String) -> String {
    let oneLine = message.split(whereSeparator: \.isNewline).joined(separator: " ")
    let place = worldSize > 1 ? "rank \(rank) (host \(host)): " : ""
    return "rdd: error: \(escaped(place + oneLine))\n"
  }
}
