import Foundation

/// What the environment variables say about how this process was started.
package struct MPIEnvironment: Sendable {
  private let variables: [String: String]

  /// Reads from the given variables.
  package init(_ variables: [String: String]) { self.variables = variables }

  /// The environment of this process.
  package static var current: MPIEnvironment { MPIEnvironment(ProcessInfo.processInfo.environment) }

  /// Whether a launcher (mpirun, srun with PMIx) started this process as a rank.
  package var isLaunched: Bool {
    ["OMPI_COMM_WORLD_SIZE", "PMIX_RANK"].contains { variables[$0] != nil }
  }

  /// Whether Open MPI's mpirun started this process as a rank.
  package var isStartedByMPIRun: Bool { variables["OMPI_COMM_WORLD_SIZE"] != nil }

  /// Whether the user asks Swift's runtime for a backtrace of a crash.
  package var wantsBacktrace: Bool { variables["SWIFT_BACKTRACE"] != nil }

  /// The rank that a launcher gave to this process, before MPI says so.
  package var launchedRank: Int? {
    number(["OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "SLURM_PROCID"])
  }

  /// How many processes a launcher started, and which variable says so.
  ///
  /// mpirun is believed before Slurm: it may start fewer ranks than the allocation has tasks.
  package var launchedCount: (count: Int, variable: String)? {
    let names = ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS", "SLURM_NTASKS"]
    for name in names {
      if let count = number([name]) { return (count, name) }
    }
    return nil
  }

  /// Whether srun started this process as a task of a step.
  ///
  /// The shell of an allocation has the allocation's variables too, but nobody has started tasks there.
  /// It is in no step, or in one of a reserved number, and so is a batch script.
  private var isSlurmTask: Bool {
    if let step = number(["SLURM_STEP_ID", "SLURM_STEPID"]) { return step < 0xFFFF_FFF0 }
    return number(["SLURM_PROCID"]) ?? 0 > 0
  }

  /// Open MPI settings that are better than its defaults and that the user has not made.
  ///
  /// - Waiting ranks yield the core. Beside the threads that compute, each rank has one that
  ///   communicates, so a thread that spins always takes a core from one that computes; with more
  ///   ranks than cores an allreduce of 4 KB takes 10 ms instead of 0.01.
  /// - No single-copy between processes: where the kernel forbids it (containers), Open MPI 4.1
  ///   tries again for ever.
  /// - A process without a launcher starts no daemon for itself.
  package var recommendedSettings: [String: String] {
    var settings = ["OMPI_MCA_btl_vader_single_copy_mechanism": "none"]
    if isLaunched {
      settings["OMPI_MCA_mpi_yield_when_idle"] = "1"
    } else {
      settings["OMPI_MCA_ess_singleton_isolated"] = "1"
    }
    return settings.filter { variables[$0.key] == nil }
  }

  /// Throws if a launcher started several processes but MPI did not join them into one world.
  ///
  /// Each of them would train alone on the whole data set and write to the same folder.
  ///
  /// - Parameters:
  ///   - worldSize: what MPI says.
  ///   - command: the command line without the launcher, for the message.
  ///   - wantsEveryTask: whether also a single process in the shell of a Slurm allocation of several
  ///     tasks is a mistake.
  package func checkWorld(
    worldSize: Int, command: [String], wantsEveryTask: Bool = true
  ) throws(LaunchError) {
    if let (count, variable) = launchedCount {
      guard count != worldSize else { return }
      if !wantsEveryTask, worldSize == 1, variable == "SLURM_NTASKS", !isSlurmTask { return }
      throw LaunchError(
        found: "\(variable) is \(count)", expectedRanks: count, worldSize: worldSize,
        launcher: variable.hasPrefix("SLURM") ? .srun : .mpirun, command: command)
    }
    if worldSize == 1, let rank = launchedRank, rank > 0 {
      throw LaunchError(
        found: "this process was started as rank \(rank)", expectedRanks: rank + 1,
        worldSize: worldSize, launcher: .mpirun, command: command)
    }
  }

  private func number(_ names: [String]) -> Int? {
    for name in names {
      if let text = variables[name], let value = Int(text), value >= 0 { return value }
    }
    return nil
  }
}

/// Several processes were started, but they are not ranks of one world. The exit code is 69.
package struct LaunchError: Error, Equatable, CustomStringConvertible {
  /// Which program started the processes.
  package enum Launcher: Sendable { case mpirun, srun }

  /// EX_UNAVAILABLE of sysexits.h.
  package static let exitCode: Int32 = 69

  /// Which variable says how many ranks there should be.
  package let found: String
  /// The number of ranks that were wanted, at least.
  package let expectedRanks: Int
  /// The number of ranks that MPI knows.
  package let worldSize: Int
  /// Which program started the processes.
  package let launcher: Launcher
  /// The command line without the launcher.
  package let command: [String]

  /// The command that starts the ranks as one world.
  package var workingCommand: String {
    let program = command.joined(separator: " ")
    switch launcher {
    case .mpirun: return "mpirun -n \(expectedRanks) \(program)"
    case .srun: return "srun --mpi=pmix -n \(expectedRanks) \(program)"
    }
  }

  /// One line.
  package var description: String {
    let hint =
      launcher == .mpirun
      ? " with the mpirun of the Open MPI that rdd is linked with"
      : "; or inside the allocation: mpirun \(command.joined(separator: " ")), and mpirun -n 1 for one "
        + "rank alone"
    return "world: \(found), but MPI sees \(worldSize) rank\(worldSize == 1 ? "" : "s"); "
      + "expected one world of \(expectedRanks) ranks; start with: \(workingCommand)\(hint)"
  }
}
