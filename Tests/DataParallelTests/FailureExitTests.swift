import DataParallel
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
