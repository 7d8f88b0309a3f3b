import Foundation

/// Runs programs of this package as MPI jobs on this machine.
public enum MPIRun {
  /// Two programs of one process at a time, or one job of several.
  private static let places = Places(2)

  /// Runs `mpirun -n ranks program arguments`, or the program alone if `ranks` is nil.
  ///
  /// Jobs of several ranks run one after another and alone, whatever the test runner does: their ranks
  /// already share the cores. Two programs without other ranks may run beside each other. The deadline
  /// counts from the job's start.
  ///
  /// - Parameters:
  ///   - ranks: the number of ranks; nil starts no launcher.
  ///   - program: the name of an executable target.
  ///   - environment: added to what a test needs; an empty value removes a variable.
  ///   - onlyRank: variables of some ranks alone; RDD_TEST_WORDS are further arguments.
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
    let taken = ranks == nil ? 1 : 2
    places.take(taken)
    let begin = Date()
    defer {
      note(program, arguments, ranks: ranks, Date().timeIntervalSince(begin))
      places.leave(taken)
    }
    guard let ranks else {
      return try ProcessRun.run(
        path, arguments, environment: variables, timeout: timeout, output: output, error: error,
        meanwhile: meanwhile)
    }
    // Not as several programs of one mpirun, which Debian 13's dies of (open-mpi/ompi, issue 13303).
    let cases = onlyRank.map { rank, variables in
      let exports = variables.map { "export \($0.key)='\($0.value)'" }.joined(separator: "; ")
      return "\(rank)) \(exports) ;;"
    }
    let script =
      "case $OMPI_COMM_WORLD_RANK in \(cases.joined(separator: " ")) esac; exec \"$0\" \"$@\" $RDD_TEST_WORDS"
    return try ProcessRun.run(
      "mpirun",
      Self.words + ["-n", "\(ranks)"] + (onlyRank.isEmpty ? [] : ["bash", "-c", script]) + [path]
        + arguments,
      environment: variables, timeout: timeout, output: output, error: error,
      meanwhile: meanwhile)
  }

  /// Adds a job to the file that RDD_TEST_JOBS names, with its seconds: what the tests spend time on.
  private static func note(_ program: String, _ arguments: [String], ranks: Int?, _ seconds: Double)
  {
    guard let path = ProcessInfo.processInfo.environment["RDD_TEST_JOBS"],
      let file = fopen(path, "a")
    else { return }
    let words = [program] + arguments.map { $0.split(separator: "/").last.map(String.init) ?? $0 }
    fputs(
      "\((seconds * 100).rounded() / 100) \(ranks ?? 0) " + words.joined(separator: " ") + "\n",
      file)
    fclose(file)
  }

  /// What stands behind mpirun's name, as launch/local has it.
  private static let words: [String] = {
    let result = try? ProcessRun.run(
      "bash", ["-c", "source \"$0\" && set_open_mpi ranks && echo \"${mpirun[@]:1}\"", script],
      environment: ProcessInfo.processInfo.environment, timeout: 60)
    return result?.standardOutput.split(whereSeparator: \.isWhitespace).map(String.init) ?? []
  }()

  private static let script = Repository.path("launch/lib.d/open-mpi.sh")

  /// This process's environment, with what jobs on a small and shared machine need.
  public static func testEnvironment() -> [String: String] {
    var variables = ProcessInfo.processInfo.environment
    variables.merge(settings) { $1 }
    if getuid() == 0 {
      variables["OMPI_ALLOW_RUN_AS_ROOT"] = "1"
      variables["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] = "1"
    }
    return variables
  }

  /// Open MPI's settings for jobs on one small and shared machine, as launch/local makes them.
  private static let settings: [String: String] = {
    let environment = ProcessInfo.processInfo.environment.filter { !isSetting($0.key) }
    let result = try? ProcessRun.run(
      "bash", ["-c", "source \"$0\" && set_open_mpi ranks local && env", script],
      environment: environment, timeout: 60)
    guard let result, result.exitCode == 0 else {
      preconditionFailure(
        "\(script): found \(result?.standardError ?? "nothing"); expected settings")
    }
    let lines = result.standardOutput.split(separator: "\n").map {
      $0.split(separator: "=", maxSplits: 1)
    }
    return Dictionary(
      lines.filter { $0.count == 2 && isSetting(String($0[0])) }
        .map { (String($0[0]), String($0[1])) }, uniquingKeysWith: { $1 })
  }()

  private static func isSetting(_ name: String) -> Bool {
    ["OMPI_MCA_", "PRTE_MCA_", "PMIX_MCA_"].contains(where: name.hasPrefix)
  }
}

/// Places that jobs take while they run. Who wants several is not overtaken by those who want one.
private final class Places: @unchecked Sendable {
  private let condition = NSCondition()
  private var free: Int
  private var tickets = (next: 0, served: 0)

  init(_ count: Int) { free = count }

  func take(_ count: Int) {
    condition.lock()
    defer { condition.unlock() }
    let ticket = tickets.next
    tickets.next += 1
    while ticket != tickets.served || free < count { condition.wait() }
    tickets.served += 1
    free -= count
    condition.broadcast()
  }

  func leave(_ count: Int) {
    condition.lock()
    defer { condition.unlock() }
    free += count
    condition.broadcast()
  }
}
