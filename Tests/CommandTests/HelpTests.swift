import Foundation
import TestSupport
import Testing

extension CommandTests {
  /// The command line is what others build on: a change to it must be meant.
  ///
  /// To accept a change: `rdd help train > Tests/CommandTests/Snapshots/train.txt`, and so on.
  @Suite struct HelpTests {
    @Test(arguments: ["rdd", "train", "eval", "predict", "maps", "check", "recipe"])
    func help(command: String) throws {
      let result = try Command.run(command == "rdd" ? ["--help"] : ["help", command])
      result.expectSuccess()
      let snapshot = try Repository.text("Tests/CommandTests/Snapshots/\(command).txt")
      #expect(result.standardOutput == snapshot)
    }

    @Test(arguments: [
      ["train"], ["train", "a.yaml", "--nonsense"], ["eval", "a.yaml"], ["fly"],
      ["predict", "a.yaml", "--weights", "w", "--out", "o"], ["maps", "a.yaml", "0"],
    ])
    func wrongUse(arguments: [String]) throws {
      let result = try Command.run(arguments)
      #expect(result.exitCode == 64 && !result.timedOut, "\(result)")
      #expect(result.standardError.contains("Usage: rdd "), "\(result)")
      #expect(result.standardError.hasPrefix("rdd: error: "), "\(result)")
      #expect(result.standardOutput.isEmpty, "\(result)")
    }

    @Test(arguments: [
      (
        ["chek", "streets.yaml"], "found 'chek'; expected train, watch, eval",
        "; did you mean check?"
      ),
      (["help", "chek"], "found 'chek'", "; did you mean check?"),
      (["bench", "stp"], "found 'stp'; expected step, loss", "; did you mean step?"),
      (["fly"], "found 'fly'", "; see --help"),
      (["streets.yaml"], "found 'streets.yaml'", "; to train: rdd train streets.yaml"),
    ])
    func unknownCommand(arguments: [String], found: String, remedy: String) throws {
      let result = try Command.run(arguments)
      #expect(result.exitCode == 64 && result.errorLines.count == 1, "\(result)")
      let line = result.errorLines.first ?? ""
      #expect(line.hasPrefix("rdd: error: command: \(found)"), "\(result)")
      #expect(line.hasSuffix(remedy), "\(result)")
    }

    @Test func helpOfManyRanksIsPrintedOnce() throws {
      let alone = try Command.run(["help", "train"])
      let result = try Command.run(["help", "train"], ranks: 2)
      result.expectSuccess()
      #expect(result.standardOutput == alone.standardOutput)
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

    /// What can be copied has no line that a terminal would break.
    @Test(arguments: [[]] + commands)
    func examplesFitATerminal(command: [String]) throws {
      let result = try Command.run(["help"] + command, environment: ["COLUMNS": "1000"])
      let overview = result.standardOutput.components(separatedBy: "USAGE:")[0]
      let examples = overview.split(separator: "\n").filter { $0.hasPrefix("  ") }
      #expect(!examples.isEmpty, "\(result)")
      for line in examples { #expect(line.count <= 80, "\(line)") }
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
        for name in ["streets.yaml", "streets.txt", "best.safetensors"] {
          try Data().write(to: folder.appendingPathComponent(name))
        }
        for (words, expected) in [
          ("rdd bench a", ["allreduce"]),
          ("rdd train st", ["streets.yaml"]),
          ("rdd eval a.yaml --weights be", ["best.safetensors"]),
          ("rdd train a.yaml --set train.lear", ["train.learning_rate="]),
          ("rdd convert a.pth --network deeplab_", ["deeplab_mobile"]),
          ("rdd recipe-keys distill.oh", nil),
        ] as [(String, [String]?)] {
          let bash = try completions(words, "source \(script)", "_rdd", in: folder)
          let replies = bash.standardOutput.split(separator: "\n").map(String.init)
          if let expected {
            #expect(replies == expected, "\(words): \(bash)")
          } else {
            #expect(replies.contains("distill.ohem") && replies.count > 2, "\(words): \(bash)")
          }
        }
        // Bash itself completes the rest: values of keys, and files.
        let bash = try ProcessRun.run(
          "/bin/bash", ["-c", "source \(script); complete -p rdd"],
          environment: ["PATH": "/usr/bin:/bin"], timeout: 20)
        #expect(bash.standardOutput.contains("-o default"), "\(bash)")
      }
    }

    /// The scripts of launch/ take the same words, behind their own.
    @Test(arguments: [
      ("launch/local 2 streets.yaml --set train.lear", ["train.learning_rate="]),
      ("launch/local 2 tra", ["train"]), ("launch/local 2 st", ["streets.yaml"]),
      ("launch/hosts hosts.txt eval a.yaml --weig", ["--weights"]),
      ("launch/supervise local 2 a.yaml --fre", ["--fresh"]), ("launch/supervise lo", ["local"]),
      ("launch/quickstart --se", ["--seed", "--set"]),
      ("launch/quickstart --set data.shuf", ["data.shuffle="]),
    ])
    func bashCompletesScripts(words: String, expected: [String]) throws {
      try withTemporaryFolder { folder in
        try Data().write(to: folder.appendingPathComponent("streets.yaml"))
        let root = Repository.root.path
        let bash = try completions(
          words, "source '\(root)/launch/completion.bash'", "_rdd_launch", in: folder)
        let replies = bash.standardOutput.split(separator: "\n").map(String.init)
        #expect(Set(replies) == Set(expected), "\(bash)")
      }
    }

    /// What a function of bash offers for the last of some words.
    private func completions(
      _ line: String, _ source: String, _ function: String, in folder: URL
    ) throws -> ProcessResult {
      let words = line.split(separator: " ").map(String.init)
      let ask = """
        \(source); cd '\(folder.path)'
        COMP_LINE='\(line)' COMP_POINT=\(line.utf8.count) COMP_CWORD=\(words.count - 1)
        COMP_WORDS=(\(line))
        \(function) \(words[0]) \(words[words.count - 1]) \(words[words.count - 2])
        printf '%s\\n' "${COMPREPLY[@]}"
        """
      return try ProcessRun.run(
        "/bin/bash", ["-c", ask], environment: MPIRun.testEnvironment(), timeout: 20)
    }

    @Test func wrongUseOfManyRanksIsSaidOnce() throws {
      let result = try Command.run(["train", "a.yaml", "--nonsense"], ranks: 2)
      #expect(result.exitCode == 64 && !result.timedOut, "\(result)")
      #expect(result.standardError.components(separatedBy: "Usage: rdd ").count == 2, "\(result)")
    }
  }
}
