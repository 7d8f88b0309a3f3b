import Foundation
import TestSupport
import Testing

/// What signals do to runs.
@Suite(.serialized) struct SignalTests {
  /// Trains for long, but for what is done to the process once it has begun.
  private func train(
    _ name: String, _ run: Run, ranks: Int?, _ act: (RunningProcess) -> Void
  ) throws -> ProcessResult {
    try run.train(name, ranks: ranks, set: ["train.iterations=3000", "train.log_every=1000"]) {
      process in
      #expect(process.waitForLog("iteration 1/"))
      act(process)
    }
  }

  private func expectSaved(_ result: ProcessResult, _ run: Run, _ name: String) throws {
    #expect(result.exitCode == 75 && !result.timedOut, "\(result)")
    #expect(result.standardError.contains("stopped by request after iteration"), "\(result)")
    // Open MPI 4 has nothing to add.
    #expect(!result.standardError.contains("Primary job"), "\(result)")
    let names = try FileManager.default.contentsOfDirectory(atPath: run.path("\(name)/checkpoints"))
    #expect(names.contains { $0.hasPrefix("iteration_") }, "\(names)")
  }

  @Test(arguments: [SIGINT, SIGHUP, SIGTERM, SIGUSR1, SIGUSR2, SIGXCPU])
  func aRunThatIsAskedToStopSaves(signal: Int32) throws {
    try withTemporaryFolder { folder in
      let run = try Run(folder)
      try expectSaved(try train("run", run, ranks: nil) { $0.send(signal) }, run, "run")
    }
  }

  @Test(arguments: [SIGINT, SIGHUP])
  func oneRankThatIsAskedSpeaksForAll(signal: Int32) throws {
    try withTemporaryFolder { folder in
      let run = try Run(folder)
      let result = try train("run", run, ranks: 2) { process in
        #expect(process.children.count == 2)
        if let rank = process.children.max() { kill(rank, signal) }
      }
      try expectSaved(result, run, "run")
    }
  }

  /// Swift's runtime would write a backtrace and let the run go on.
  @Test(arguments: [(SIGQUIT, 131), (SIGSEGV, 139), (SIGABRT, 134)])
  func aCrashFromOutsideIsTheEnd(signal: Int32, code: Int) throws {
    try withTemporaryFolder { folder in
      let result = try train("run", try Run(folder), ranks: nil) { $0.send(signal) }
      #expect(Int(result.exitCode) == code && !result.timedOut, "\(result)")
      #expect(result.seconds < 60, "\(result)")
    }
  }

  @Test func commandsThatDoNotTrainEndAtOnce() throws {
    try withTemporaryFolder { folder in
      let run = try Run(folder)
      let result = try MPIRun.run(
        ranks: nil, program: "rdd",
        arguments: ["bench", "loss", run.path("tiny.yaml")]
          + ["--calls", "100000"], environment: ["OMP_NUM_THREADS": "1"]
      ) { process in
        sleep(2)
        process.send(SIGINT)
      }
      #expect(result.exitCode == 130 && !result.timedOut, "\(result)")
    }
  }
}
