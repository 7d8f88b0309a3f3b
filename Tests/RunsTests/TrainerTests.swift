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
}
