import Foundation
import TestSupport
import Testing

/// Whole runs in one process, by the trainer alone (`Tests/RunProgram`).
@Suite struct TrainerTests {
  @Test(
    arguments: [
      "ends-once", "goes-on", "goes-on-adamw", "keeps-optimisers-apart", "names-mismatches",
      "refuses-another", "tells-what-is-gone", "keeps-best",
    ])
  func theCaseHolds(_ name: String) throws {
    try withTemporaryFolder { folder in
      let result = try MPIRun.run(
        ranks: nil, program: "run-program", arguments: [name, folder.path])
      #expect(result.exitCode == 0 && result.standardOutput == "\(name) holds\n", "\(result)")
    }
  }

  @Test func graphsGoOn() throws {
    try withTemporaryFolder { folder in
      for (name, fixture) in [("student", "realtime_export"), ("teacher", "plain_export")] {
        try FileManager.default.copyItem(
          atPath: Repository.fixture("onnx/\(fixture).onnx"),
          toPath: folder.appendingPathComponent("\(name).onnx").path)
      }
      let name = "goes-on-graphs"
      let result = try MPIRun.run(
        ranks: nil, program: "run-program", arguments: [name, folder.path])
      #expect(result.exitCode == 0 && result.standardOutput == "\(name) holds\n", "\(result)")
      // Each start says it once.
      let lines = result.standardError.split(separator: "\n").filter {
        $0.contains("teacher.onnx runs operator by operator (eager)")
      }
      #expect(lines.count == 4, "\(result.standardError)")
    }
  }

  /// One warning where the number of ranks changes the weights, none where it does not.
  @Test func otherRanksAreTold() throws {
    try withTemporaryFolder { folder in
      let name = "goes-on-with-other-ranks"
      let result = try MPIRun.run(
        ranks: nil, program: "run-program", arguments: [name, folder.path])
      #expect(result.exitCode == 0 && result.standardOutput == "\(name) holds\n", "\(result)")
      let warnings = result.standardError.split(separator: "\n").filter { $0.contains("ranks: ") }
      #expect(warnings.count == 1, "\(result)")
      let expected = "going on with 1, earlier 3: with train.exact_sums=false "
      #expect(warnings.first?.contains(expected) == true, "\(result)")
    }
  }
}
