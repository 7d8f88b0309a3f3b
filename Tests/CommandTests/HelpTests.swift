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

    /// What the command says of itself, as the manual and the completions are made of it.
    private struct Described: Decodable {
      let commandName: String
      let subcommands: [Described]?

      /// The words of all commands below, those of help left out.
      var paths: [[String]] {
        (subcommands ?? []).filter { $0.commandName != "help" }.flatMap { command in
          [[command.commandName]] + command.paths.map { [command.commandName] + $0 }
        }
      }
    }

    private struct Dump: Decodable { let command: Described }

    private static let commands: [[String]] = {
      let dump = try? Command.run(["--experimental-dump-help"]).standardOutput
      return dump.flatMap { try? JSONDecoder().decode(Dump.self, from: Data($0.utf8)) }?
        .command.paths ?? []
    }()

    @Test func allCommandsAreKnown() {
      #expect(Self.commands.count >= 16)
      #expect(Self.commands.contains(["bench", "scaling"]))
    }

    /// Every command shows how it is used.
    @Test(arguments: commands)
    func examples(command: [String]) throws {
      let result = try Command.run(["help"] + command)
      result.expectSuccess()
      let overview = result.standardOutput.components(separatedBy: "USAGE:")[0]
      #expect(overview.contains("rdd " + command.joined(separator: " ")), "\(result)")
    }

    /// A shell that reads the script completes every command.
    @Test(arguments: ["bash", "zsh", "fish"])
    func completions(shell: String) throws {
      let result = try Command.run(["--generate-completion-script", shell])
      result.expectSuccess()
      for command in Self.commands.joined() {
        #expect(result.standardOutput.contains(command), "\(command)")
      }
    }

    /// Bash itself reads the script, and knows what can follow.
    @Test func bashCompletes() throws {
      try withTemporaryFolder { folder in
        let script = folder.appendingPathComponent("rdd.bash").path
        let result = try Command.run(["--generate-completion-script", "bash"])
        try result.standardOutput.write(toFile: script, atomically: true, encoding: .utf8)
        let ask = """
          source \(script); COMP_WORDS=(rdd bench a); COMP_CWORD=2; COMP_LINE='rdd bench a'
          COMP_POINT=11; _rdd rdd a bench; printf '%s\\n' "${COMPREPLY[@]}"
          """
        let bash = try ProcessRun.run(
          "/bin/bash", ["-c", ask], environment: ["PATH": "/usr/bin:/bin"], timeout: 20)
        #expect(bash.standardOutput.split(separator: "\n") == ["allreduce"], "\(bash)")
      }
    }

    @Test func wrongUseOfManyRanksIsSaidOnce() throws {
      let result = try Command.run(["train", "a.yaml", "--nonsense"], ranks: 2)
      #expect(result.exitCode == 64 && !result.timedOut, "\(result)")
      #expect(result.standardError.components(separatedBy: "Usage: rdd ").count == 2, "\(result)")
    }
  }
}
