import Foundation
import TestSupport
import Testing

/// A run that is cut off goes on as if it had not been.
@Suite(.serialized) struct ResumeTests {
  @Test func aKilledRunEndsWithTheSameBits() throws {
    try withTemporaryFolder { folder in
      let run = try Run(folder)
      let whole = try run.train("whole", ranks: 2)
      try #require(whole.exitCode == 0, "\(whole)")
      let killed = try run.killARank("killed", afterIteration: 6)
      #expect(killed != 0)
      let names = try FileManager.default.contentsOfDirectory(
        atPath: run.path("killed/checkpoints"))
      #expect(names.contains("iteration_0000004.safetensors"), "\(names)")
      let resumed = try run.train("killed", ranks: 2)
      try #require(resumed.exitCode == 0, "\(resumed)")
      #expect(resumed.standardError.contains("going on from"))
      #expect(try run.weights("killed") == run.weights("whole"))
      #expect(try run.metrics("killed").map(\.iteration) == Array(1...10))
    }
  }

  @Test func aFinishedRunIsNotTrainedAgain() throws {
    try withTemporaryFolder { folder in
      let run = try Run(folder)
      try #require(run.train("run", ranks: nil).exitCode == 0)
      let weights = try run.weights("run")
      let metrics = try String(contentsOfFile: run.path("run/metrics.jsonl"), encoding: .utf8)
      let again = try run.train("run", ranks: 2)
      #expect(again.exitCode == 0)
      #expect(!again.standardError.contains("iteration 1/"))
      #expect(again.standardOutput.contains("measured again in "), "\(again)")
      #expect(!again.standardOutput.contains("trained in "))
      #expect(try run.weights("run") == weights)
      #expect(
        try String(contentsOfFile: run.path("run/metrics.jsonl"), encoding: .utf8) == metrics)
    }
  }

  @Test func anotherRecipeIsRefused() throws {
    try withTemporaryFolder { folder in
      let run = try Run(folder)
      try #require(run.train("run", ranks: nil, set: ["train.iterations=4"]).exitCode == 0)
      let other = try run.train(
        "run", ranks: nil, set: ["train.iterations=4", "train.learning_rate=0.02"])
      #expect(other.exitCode == 65)
      #expect(other.standardError.contains("train.learning_rate"), "\(other.standardError)")
    }
  }
}

extension Run {
  /// Starts a run on 2 ranks and kills one of them with SIGKILL once an iteration was logged.
  ///
  /// - Returns: the exit code of mpirun.
  func killARank(_ name: String, afterIteration iteration: Int) throws -> Int32 {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [
      "mpirun", "-n", "2", try BuiltProgram.path("rdd"), "train", path("tiny.yaml"), "--out",
      path(name),
    ]
    process.environment = MPIRun.testEnvironment().merging(["OMP_NUM_THREADS": "1"]) { $1 }
    process.standardError = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    let deadline = Date(timeIntervalSinceNow: 240)
    while (try? metrics(name).last?.iteration) ?? 0 < iteration, Date() < deadline {
      Thread.sleep(forTimeInterval: 0.05)
    }
    let kill = Process()
    kill.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    kill.arguments = ["pkill", "-KILL", "-n", "-f", "train.*--out \(path(name))"]
    try kill.run()
    kill.waitUntilExit()
    process.waitUntilExit()
    return process.terminationStatus
  }
}
