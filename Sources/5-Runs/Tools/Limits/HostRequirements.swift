import DataParallel
import Foundation
import Host
import MPI
import Recipes
import Steps

/// What a host must give to a process before it starts anything that would wait, or crash, without it.
package enum HostRequirements {
  /// The threads of Open MPI, and one that the runtime may want beside them.
  static let threadsOfMPI = 3
  /// Files that a process has open beside those that readers and other ranks ask for: MPI's pipes and
  /// sockets, the run folder's files, one that is saved and its folder.
  private static let filesOfProcess = 64
  /// Files that a process must be able to open beside those that it began with. One rank opens 19; with
  /// fewer than that MPI, the runtime or a library ends without a word of rdd's.
  static let leastFiles = 32
  /// The least stack that threads may have. A run crashed with 128 KiB, and did not with 160.
  static let leastStack = 256 << 10

  /// Looks at what MPI needs, before it starts: threads, files, a stack and shared memory. Lets this
  /// process open as many files as a run may want, and lets a thread that does not start end the job.
  ///
  /// - Throws: `TrainingError` with code 69.
  package static func prepare(
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws(TrainingError) {
    Threads.onFailure = { FailureExit.leave($0, code: ThreadError.exitCode) }
    let launched = MPIEnvironment(environment).launchedCount?.count ?? 1
    OpenFiles.raise(to: fileCount(loaders: 64, worldSize: launched))
    let limits = (files: OpenFiles.limit(), stack: ProcessLimits()["Max stack size"])
    if let line = refusal(files: limits.files, stack: limits.stack, host: HostName.current) {
      throw TrainingError(.badWorld, line)
    }
    let probe = ThreadProbe(threadsOfMPI)
    let given = probe.count
    probe.end()
    guard given == threadsOfMPI else {
      throw TrainingError(
        .badWorld,
        ThreadRefusal.line(
          place: HostName.current, given: given, wanted: threadsOfMPI, ranks: 1,
          needs: "\(threadsOfMPI) for MPI alone", limit: ThreadLimits.all().first,
          canLower: false))
    }
    guard sharedMemoryRefusal(environment) != nil else { return }
    // It may be full of what jobs that died left. Another rank may be removing that at this moment:
    // a file that is gone has its memory for a little longer.
    LeftBehind().clear()
    for _ in 0..<removalTries where sharedMemoryRefusal(environment) != nil {
      Thread.sleep(forTimeInterval: 0.05)
    }
    if let line = sharedMemoryRefusal(environment) { throw TrainingError(.badWorld, line) }
  }

  /// The line about limits of a shell under which nothing can be done; nil if they leave enough.
  ///
  /// - Parameters:
  ///   - files: how many files this process may open, raised as far as it can be; nil for any number.
  ///   - stack: bytes of a thread's stack; nil without a limit.
  ///   - host: its name.
  package static func refusal(files: HostLimit?, stack: Int?, host: String) -> String? {
    if let files, files.free < leastFiles {
      return
        "open files: \(host): found \(files.free) more allowed (\(files.name): \(files.most), its hard "
        + "limit too); expected at least \(leastFiles); raise it"
    }
    if let stack, stack < leastStack {
      return "stack: \(host): found \(ByteCount.text(stack)) a thread (ulimit -s: \(stack >> 10)); "
        + "expected at least \(ByteCount.text(leastStack)); raise it, for example by ulimit -s 8192"
    }
    return nil
  }

  /// How often 0.05 s are waited for memory that another rank removes.
  private static let removalTries = 20

  /// The most files that a process has open at one time.
  static func fileCount(loaders: Int, worldSize: Int) -> Int {
    // Two links to each rank of another host; which ones are, is not known before MPI.
    filesOfProcess + loaders + 2 * worldSize
  }

  /// The shared memory that MPI takes here, if the MPI is one whose way is known.
  static func sharedMemory(_ environment: [String: String]) -> SharedMemory? {
    guard let version = World.openMPIVersion, 4...5 ~= version else { return nil }
    return SharedMemory(environment, version: version)
  }

  /// Why MPI could not start; nil if it can.
  private static func sharedMemoryRefusal(_ environment: [String: String]) -> String? {
    guard let memory = sharedMemory(environment), let free = memory.freeBytes else { return nil }
    let ranks = environment["OMPI_COMM_WORLD_LOCAL_SIZE"].flatMap { Int($0) } ?? 1
    return memory.refusal(free: free, ranks: ranks, host: HostName.current)
  }
}

extension SharedMemory {
  /// The line about a folder that has no room for the files of so many ranks; nil if it has.
  package func refusal(free: Int, ranks: Int, host: String) -> String? {
    let needed = bytesNeeded(ranks: ranks)
    guard free < needed else { return nil }
    return "shared memory: \(host): \(folder): found \(ByteCount.text(free)) free; expected "
      + "\(ByteCount.text(needed)) for \(ranks) rank\(ranks == 1 ? "" : "s") of "
      + "Open MPI; remove what jobs that died left there, make it larger "
      + "(docker run --shm-size), or set "
      + "OMPI_MCA_btl_vader_segment_size (Open MPI 5: btl_sm_segment_size)"
  }
}

extension Coordinator {
  /// Stops the job unless every host gives its ranks the threads that they will start. Collective.
  ///
  /// The ranks of a host start as many threads for a moment, all at once: where the system refuses them,
  /// libraries would later wait for threads that are not there.
  ///
  /// - Parameters:
  ///   - work: what the ranks are started for.
  ///   - isWatched: whether a watchdog will be started.
  /// - Throws: `TrainingError` with code 69, on all ranks.
  package func requireThreads(_ work: ThreadNeeds.Work, isWatched: Bool = false) throws {
    let needs = ThreadNeeds(work, self, isWatched: isWatched)
    let local = world.local
    let probe = ThreadProbe(needs.count)
    // When a rank knows these sums, all of its host hold their threads.
    let (given, wanted) = try (
      Int(local.allreduce(Int64(probe.count), .sum)), Int(local.allreduce(Int64(needs.count), .sum))
    )
    probe.end()
    var refusal: String?
    if given < wanted {
      try local.barrier()
      if local.rank == 0 {
        refusal = ThreadRefusal.line(
          place: HostName.current, given: given, wanted: wanted, ranks: local.worldSize,
          needs: needs.inWords, limit: ThreadLimits.all().first)
      }
    }
    try agree(on: refusal)
  }

  /// Stops the job on all ranks if one of them has found a reason. Collective.
  func agree(on refusal: String?) throws {
    let all = try world.communicator.allgatherv(Array((refusal ?? "").utf8))
    guard let first = all.first(where: { !$0.isEmpty }) else { return }
    throw TrainingError(.badWorld, String(decoding: first, as: UTF8.self))
  }
}
