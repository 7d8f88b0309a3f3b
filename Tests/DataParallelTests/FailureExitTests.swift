import DataParallel
import Foundation
import MPI
import TestSupport
import Testing

/// A rank that fails ends the job with its code, and its message is one line.
@Suite(.serialized) struct FailureExitTests {
  private func errorLines(_ result: ProcessResult) -> [String] {
    result.standardError.split(separator: "\n").map(String.init).filter {
      $0.hasPrefix("rdd: error: ")
    }
  }

  @Test(arguments: [1, 2, 3])
  func sameFailureOnAllRanksIsSaidOnce(ranks: Int) throws {
    let result = try MPIRun.run(ranks: ranks, program: "rank-program", arguments: ["fail-all"])
    #expect(result.exitCode == 65 && !result.timedOut, "\(result)")
    let lines = errorLines(result)
    #expect(lines.count == 1, "\(result)")
    #expect(lines.first?.hasSuffix("recipe: a.yaml: line 3: unknown key") == true, "\(result)")
    #expect(lines.first?.contains("rank 0 (host ") == (ranks > 1), "\(result)")
    // Open MPI 4 adds nothing of its own.
    guard World.libraryVersion.hasPrefix("Open MPI v4") else { return }
    #expect(!result.standardError.contains("MPI_ABORT"), "\(result)")
  }

  @Test(arguments: [2, 3])
  func failureOfOneRankNamesIt(ranks: Int) throws {
    let result = try MPIRun.run(ranks: ranks, program: "rank-program", arguments: ["fail-one"])
    #expect(result.exitCode == 65 && !result.timedOut, "\(result)")
    #expect(errorLines(result).count == 1, "\(result)")
    #expect(result.standardError.contains("rdd: error: rank \(ranks - 1) (host "), "\(result)")
    #expect(result.standardError.contains("): image: b.png: truncated\n"), "\(result)")
  }

  @Test(arguments: [2, 3])
  func failedCollectiveEndsTheJob(ranks: Int) throws {
    let result = try MPIRun.run(
      ranks: ranks, program: "rank-program", arguments: ["fail-collective"])
    #expect(result.exitCode == 76 && !result.timedOut, "\(result)")
    #expect(result.standardError.contains("MPI_Allreduce: failed with code 15"), "\(result)")
  }

  @Test(arguments: [2, 3])
  func otherGradientsEndTheJob(ranks: Int) throws {
    let result = try MPIRun.run(ranks: ranks, program: "rank-program", arguments: ["fail-layout"])
    #expect(result.exitCode == 76 && !result.timedOut, "\(result)")
    #expect(errorLines(result).count == 1, "\(result)")
    #expect(result.standardError.contains("gradients: ranks \(ranks - 1): not as on rank 0"))
  }

  @Test(arguments: [nil, 1, 3])
  func failureBeforeMPIKeepsItsCode(ranks: Int?) throws {
    let result = try MPIRun.run(ranks: ranks, program: "rank-program", arguments: ["fail-before"])
    #expect(result.exitCode == 66 && !result.timedOut, "\(result)")
    #expect(errorLines(result).count == 1, "\(result)")
  }

  @Test(arguments: [nil, 1, 3])
  func failureAfterTheEndKeepsItsCode(ranks: Int?) throws {
    let result = try MPIRun.run(ranks: ranks, program: "rank-program", arguments: ["fail-after"])
    #expect(result.exitCode == 74 && !result.timedOut, "\(result)")
  }

  /// A library whose end of MPI never comes stands before MPI's own.
  @Test(arguments: [(0, true), (75, true), (0, false)])
  func anEndThatNeverComesIsNotWaitedFor(code: Int32, isAsleep: Bool) throws {
    try withTemporaryFolder { folder in
      let source = folder.appendingPathComponent("sleeper.c")
      let library = folder.appendingPathComponent("sleeper.so").path
      let name = isAsleep ? "MPI_Finalize" : "nobody_calls"
      try "int pause(void);\nint \(name)(void) { for (;;) pause(); }\n"
        .write(to: source, atomically: false, encoding: .utf8)
      let made = try ProcessRun.run(
        "cc", ["-shared", "-fPIC", "-o", library, source.path],
        environment: MPIRun.testEnvironment(), timeout: 60)
      #expect(made.exitCode == 0, "\(made)")
      let result = try MPIRun.run(
        ranks: nil, program: "rank-program", arguments: ["end", "\(code)"],
        environment: ["LD_PRELOAD": library, "RDD_END_SECONDS": "1"], timeout: 20)
      #expect(result.exitCode == code && !result.timedOut, "\(result)")
      let line =
        "rdd: warning: end: MPI_Finalize: found no end of it within 1 s; expected one; all is "
        + "written, and the process ends with code \(code)\n"
      #expect(result.standardError == (isAsleep ? line : ""), "\(result)")
    }
  }

  /// What mpirun makes of a rank that ends without MPI is its own.
  @Test func anEndThatOtherRanksDoNotReachIsNotWaitedFor() throws {
    let result = try MPIRun.run(
      ranks: 2, program: "rank-program", arguments: ["end-alone"],
      environment: ["RDD_END_SECONDS": "1"], timeout: 30)
    #expect(result.exitCode != 0 && !result.timedOut, "\(result)")
    #expect(result.standardError.contains("rdd: warning: end: rank 0 (host "), "\(result)")
  }

  @Test func lineNamesRankAndHostOnlyInAWorld() {
    #expect(
      FailureExit.line("disk: full", rank: 0, worldSize: 1, host: "a") == "rdd: error: disk: full\n"
    )
    #expect(
      FailureExit.line("disk:\nfull\n", rank: 2, worldSize: 3, host: "a")
        == "rdd: error: rank 2 (host a): disk: full\n")
  }

  /// Names of files and values of recipes are other people's.
  @Test func aLineTellsTheTerminalNothing() {
    let line = FailureExit.line(
      "list: caf\u{E9}\u{1B}[2J\r\n\u{9B}31m\u{202E}gpj\u{2028}", rank: 0, worldSize: 1, host: "a")
    #expect(line == "rdd: error: list: caf\u{E9}\\u{1b}[2J \\u{9b}31m\\u{202e}gpj\n")
  }
}
