import Foundation
import TestSupport
import Testing

extension CommandTests {
  /// The reference of keys: tables for documents, text for people.
  @Suite struct RecipeKeysTests {
    private static let document = (try? Repository.text("Documentation/recipe-keys.md")) ?? ""

    @Test(arguments: [[], ["--markdown"]])
    func theDocumentIsWhatIsPrinted(options: [String]) throws {
      let result = try Command.run(["recipe-keys"] + options)
      result.expectSuccess()
      #expect(result.standardOutput.hasPrefix("| Key | Type | Default | Meaning |\n"))
      #expect(Self.document.hasSuffix("\n\n" + result.standardOutput))
    }

    @Test(arguments: [
      (["distill.ohem"], 3, "| `distill.ohem.threshold` |"),
      (["train.seed"], 1, "| `train.seed` |"), (["lr"], 1, "| `train.learning_rate` |"),
      (["batch_size", "train.seed"], 3, "| `evaluation.batch_size` |"),
      (["seed", "train.seed"], 2, "| `data.scenes.seed` |"),
    ])
    func aNameChooses(names: [String], count: Int, row: String) throws {
      let result = try Command.run(["recipe-keys"] + names)
      result.expectSuccess()
      let rows = result.standardOutput.split(separator: "\n")
      #expect(rows.count == count + 2 && rows.contains { $0.hasPrefix(row) }, "\(result)")
    }

    @Test func methodsCanBeChosen() throws {
      let one = try Command.run(["recipe-keys", "cwd"])
      one.expectSuccess()
      #expect(one.standardOutput.hasPrefix("| Method | Weight |"), "\(one)")
      #expect(one.standardOutput.contains("| `cwd`: `temperature` |"), "\(one)")
      #expect(!one.standardOutput.contains("`dist`"), "\(one)")
      let all = try Command.run(["recipe-keys", "methods"])
      #expect(all.standardOutput.contains("| `distill.methods` |"), "\(all)")
      #expect(all.standardOutput.contains("| `hkd` |"), "\(all)")
    }

    @Test func aNameOfNothingIsAMistake() throws {
      let result = try Command.run(["recipe-keys", "trian"])
      #expect(result.exitCode == 64 && result.standardOutput.isEmpty, "\(result)")
      #expect(result.errorLines.first?.hasSuffix("did you mean train?") ?? false, "\(result)")
    }

    /// On a terminal lines are no longer than it is wide, and nothing is a table.
    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/script")))
    func textOnATerminal() throws {
      func text(_ words: String) throws -> String {
        let program = try BuiltProgram.path("rdd")
        let line = "stty cols 60; '\(program)' recipe-keys \(words)"
        let result = try ProcessRun.run(
          "/usr/bin/script", ["-qec", line, "/dev/null"],
          environment: MPIRun.testEnvironment(), timeout: Command.timeout)
        #expect(result.exitCode == 0, "\(result)")
        return result.standardOutput.replacingOccurrences(of: "\r", with: "")
      }
      let keys = try text("train")
      let lines = keys.split(separator: "\n")
      #expect(lines.contains("train.batch_size: 16") && !keys.contains("|"), "\(keys)")
      #expect(lines.contains("    an integer from 1 to 4096."), "\(keys)")
      #expect(lines.count > 60 && lines.allSatisfy { $0.count <= 60 }, "\(keys)")
      #expect(try text("cwd").contains("cwd: temperature: "))
      #expect(try text("train.seed --markdown").contains("| `train.seed` |"))
    }
  }
}
