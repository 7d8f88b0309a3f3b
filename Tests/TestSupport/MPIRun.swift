import Foundation

/// Runs programs of this package as MPI jobs on this machine.
public enum MPIRun {
  private static let oneAtATime = NSLock()

  /// Runs `mpirun -n ranks program arguments`, or the program alone if `ranks` is nil.
  ///
  /// Jobs run one after another, whatever the test runner does: their ranks already share the
  /// cores. The deadline counts from the job's start.
  ///
  /// - Parameters:
  ///   - ranks: the number of ranks; nil starts no launcher.
  ///   - program: the name of an executable target.
  ///   - environment: added to what a test needs; an empty value removes a variable.
  ///   - onlyRank: variables of some ranks alone.
  ///   - timeout: in seconds.
  ///   - output: where stdout goes.
  ///   - error: where stderr goes.
  ///   - meanwhile: called once the job has been started.
  public static func run(
    ranks: Int?, program: String, arguments: [String] = [], environment: [String: String] = [:],
    onlyRank: [Int: [String: String]] = [:], timeout: Double = 60,
    output: ProcessRun.Sink = .result, error: ProcessRun.Sink = .result,
    meanwhile: (RunningProcess) throws -> Void = { _ in }
  ) throws -> ProcessResult {
    let path = try BuiltProgram.path(program)
    let variables = testEnvironment().merging(environment) { $1 }.filter { !$0.value.isEmpty }
    oneAtATime.lock()
    defer { oneAtATime.unlock() }
    guard let ranks else {
      return try ProcessRun.run(
        path, arguments, environment: variables, timeout: timeout, output: output, error: error,
        meanwhile: meanwhile)
    }
    let alike = ["-n", "\(ranks)", path] + arguments
    let apart = (0..<ranks).map { rank in
      ["-n", "1"] + (onlyRank[rank] ?? [:]).flatMap { ["-x", "\($0.key)=\($0.value)"] } + [path]
        + arguments
    }
    return try ProcessRun.run(
      "mpirun", onlyRank.isEmpty ? alike : Array(apart.joined(separator: [":"])),
      environment: variables, timeout: timeout, output: output, error: error,
      meanwhile: meanwhile)
  }

  /// This process's environment, with what jobs on a small and shared machine need.
  public static func testEnvironment() -> [String: String] {
    var variables = ProcessInfo.processInfo.environment
    // More ranks than cores: allowed, waiting ranks yield, none is bound to a core.
    variables["OMPI_MCA_rmaps_base_oversubscribe"] = "1"
    variables["OMPI_MCA_mpi_yield_when_idle"] = "1"
    variables["OMPI_MCA_hwloc_base_binding_policy"] = "none"
    // One host: shared memory only halves the start; no single copy, which containers forbid.
    variables["OMPI_MCA_pml"] = "ob1"
    variables["OMPI_MCA_btl"] = "vader,self"
    variables["OMPI_MCA_btl_vader_single_copy_mechanism"] = "none"
    if getuid() == 0 {
      variables["OMPI_ALLOW_RUN_AS_ROOT"] = "1"
      variables["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] = "1"
    }
    return variables
  }
}
