import Foundation
import TestSupport
import Testing

/// How jobs end that do not end well.
@Suite(.serialized) struct JobEndTests {
  @Test(arguments: [(1, 77), (2, 1), (2, 255), (3, 77)])
  func abortCodeReachesTheLauncher(ranks: Int, code: Int) throws {
    let result = try MPIRun.run(
      ranks: ranks, program: "rank-program", arguments: ["abort", "\(code)"])
    #expect(Int(result.exitCode) == code && !result.timedOut, "\(result)")
  }

  /// The launcher gives each stream what was written to it, to the byte.
  @Test(arguments: [1, 2])
  func longResultsStayApartFromTheLog(ranks: Int) throws {
    let result = try MPIRun.run(ranks: ranks, program: "rank-program", arguments: ["streams"])
    #expect(result.exitCode == 0, "\(result)")
    let results = result.standardOutput.filter { $0 == "#" }.count
    #expect(results == ranks * 20 * 5000 && !result.standardOutput.contains("log"))
    let lines = result.standardError.split(separator: "\n")
    #expect(lines.filter { $0.hasPrefix("log ") }.count == ranks * 20, "\(lines.prefix(3))")
    #expect(!result.standardError.contains("#"))
  }

  @Test func abortCodeIsKeptWithoutLauncher() throws {
    let result = try MPIRun.run(ranks: nil, program: "rank-program", arguments: ["abort", "77"])
    #expect(result.exitCode == 77, "\(result)")
  }

  /// Four processes of srun without PMIx: each is alone, and says which command works.
  @Test func lonelyProcessOfManyIsRefused() throws {
    let result = try MPIRun.run(
      ranks: nil, program: "rank-program", arguments: ["world", "1"],
      environment: ["SLURM_NTASKS": "4", "SLURM_PROCID": "0"])
    #expect(result.exitCode == 69, "\(result)")
    #expect(
      result.standardError.contains("srun --mpi=pmix -n 4 rank-program world 1"), "\(result)")
    #expect(result.standardOutput.isEmpty, "\(result)")
  }

  @Test func ranksDoNotOutliveTheLauncher() throws {
    try withTemporaryFolder { folder in
      let result = try MPIRun.run(
        ranks: 3, program: "rank-program", arguments: ["kill-launcher", folder.path])
      #expect(result.exitCode == 137 && !result.timedOut, "\(result)")
      let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      #expect(names.count == 3)
      Thread.sleep(forTimeInterval: 0.5)
      for name in names {
        let text = try String(
          contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
        let process = try #require(Int32(text))
        #expect(!isRunning(process), "rank \(name), process \(process)")
      }
    }
  }

  /// When the deadline passes, the launcher and every rank are gone.
  @Test func deadlineLeavesNothingBehind() throws {
    try withTemporaryFolder { folder in
      let result = try MPIRun.run(
        ranks: 2, program: "rank-program", arguments: ["wait", folder.path], timeout: 3
      ) { _ in
        // A busy machine may need longer than that to start them.
        for _ in 0..<600
        where try FileManager.default.contentsOfDirectory(atPath: folder.path).count < 2 {
          usleep(50_000)
        }
      }
      #expect(result.timedOut, "\(result)")
      #expect(result.seconds < 40, "\(result)")
      let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      #expect(names.count == 2)
      for name in names {
        let text = try String(
          contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
        let process = try #require(Int32(text))
        Thread.sleep(forTimeInterval: 0.2)
        #expect(!isRunning(process), "rank \(name), process \(process)")
      }
    }
  }

  /// A process that has ended but whose end nobody has taken note of (a zombie) does not run.
  private func isRunning(_ process: Int32) -> Bool {
    guard let stat = FileManager.default.contents(atPath: "/proc/\(process)/stat") else {
      return false
    }
    let state = String(decoding: stat, as: UTF8.self).split(separator: ")").last?.first {
      $0 != " "
    }
    return state != "Z" && state != "X"
  }
}
