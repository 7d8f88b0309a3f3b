import Foundation
import TestSupport
import Testing

extension CommandTests {
  /// The command line is what others build on: a change to it must be meant.
  ///
  /// To accept a change: `rdd help train > Tests/CommandTests/Snapshots/train.txt`, and so on.
  @Suite struct HelpTests {
    @Test(arguments: ["rdd", "train", "eval", "predict", "maps", "check"])
    func help(command: String) throws {
      let result = try Command.run(command == "rdd" ? ["--help"] : ["help", command])
      result.expectSuccess()
      let snapshot = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("Snapshots/\(command).txt")
      #expect(result.standardOutput == (try String(contentsOf: snapshot, encoding: .utf8)))
    }

    @Test(arguments: [
      ["train"], ["train", "a.yaml", "--nonsense"], ["eval", "a.yaml"], ["fly"],
      ["predict", "a.yaml", "--weights", "w", "--out", "o"], ["maps", "a.yaml", "0"],
    ])
    func wrongUse(arguments: [String]) throws {
      let result = try Command.run(arguments)
      #expect(result.exitCode == 64 && !result.timedOut, "\(result)")
      #expect(result.standardError.contains("Usage: rdd "), "\(result)")
      #expect(result.standardOutput.isEmpty, "\(result)")
    }

    @Test func wrongUseOfManyRanksIsSaidOnce() throws {
      let result = try Command.run(["train", "a.yaml", "--nonsense"], ranks: 2)
      #expect(result.exitCode == 64 && !result.timedOut, "\(result)")
      #expect(result.standardError.components(separatedBy: "Usage: rdd ").count == 2, "\(result)")
    }
  }
}
