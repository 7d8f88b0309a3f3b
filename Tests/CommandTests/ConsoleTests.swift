import Foundation
import TestSupport
import Testing

extension CommandTests {
  /// Where nothing can be written: results are a failure, the log is not.
  @Suite struct ConsoleTests {
    /// Ways in which stdout takes nothing, and what the line then says.
    enum Loss: CaseIterable, Sendable {
      case full, closed
      var sink: ProcessRun.Sink { self == .full ? .path("/dev/full") : .closed }
      var words: String { self == .full ? "No space left on device" : "Bad file descriptor" }
    }

    @Test(
      arguments: [
        ["recipe-keys"], ["--help"], ["help", "train"], ["--version"],
        ["--generate-completion-script", "bash"],
      ], Loss.allCases)
    func resultsThatCannotBeWritten(arguments: [String], loss: Loss) throws {
      try Command.run(arguments, output: loss.sink)
        .expectFailure(74, ["results: stdout: found \(loss.words)"])
    }

    @Test(arguments: Loss.allCases)
    func aRunWhoseTableCannotBeWrittenIsComplete(loss: Loss) throws {
      try withTinyData { data in
        let run = data.path("run")
        try Command.run(["train", data.recipe, "--out", run], output: loss.sink).expectFailure(
          74, ["results: stdout: ", "the run is complete, and its weights are in \(run)"])
        #expect(FileManager.default.fileExists(atPath: run + "/student.safetensors"))
        let eval = ["eval", data.recipe, "--weights", run + "/student.safetensors", "--json"]
        try Command.run(eval, output: loss.sink).expectFailure(74, ["results: stdout: "])
      }
    }

    @Test(arguments: Loss.allCases)
    func aLogThatCannotBeWrittenEndsNothing(loss: Loss) throws {
      try withTinyData { data in
        let run = data.path("run")
        let result = try Command.run(["train", data.recipe, "--out", run], error: loss.sink)
        #expect(result.exitCode == 0 && !result.timedOut, "\(result)")
        #expect(result.standardOutput.contains("last weights"), "\(result)")
        // No file of the run has taken the place of stderr.
        for name in ["recipe.yaml", "metrics.jsonl", ".lock"] {
          let text = try String(contentsOfFile: "\(run)/\(name)", encoding: .utf8)
          #expect(!text.contains("img/s"), "\(name): \(text)")
        }
        let check = try Command.run(["check", data.recipe], error: loss.sink)
        #expect(check.exitCode == 0 && check.standardOutput.contains("ready to train"), "\(check)")
        #expect(try Command.run(["train"], error: loss.sink).exitCode == 64)
      }
    }

    @Test func aReaderOfTheLogMayGo() throws {
      try withTinyData { data in
        let result = try Command.bash(
          #""$0" "$@" 2> >(head -n 1 >/dev/null)"#,
          ["train", data.recipe, "--out", data.path("run")]
        )
        #expect(result.exitCode == 0 && !result.timedOut, "\(result)")
        #expect(result.standardOutput.contains("last weights"), "\(result)")
      }
    }

    @Test func aTerminalMayGo() throws {
      try withTinyData { data in
        let terminal = try TestTerminal()
        let result = try Command.run(
          ["train", data.recipe, "--out", data.path("run")], environment: ["TERM": "xterm"],
          error: .path(terminal.path)
        ) { _ in
          // It has opened its end before it is running.
          terminal.close()
        }
        #expect(result.exitCode == 0 && !result.timedOut, "\(result)")
        #expect(result.standardOutput.contains("last weights"), "\(result)")
      }
    }

    @Test func aLimitOnTheSizeOfFilesIsAnError() throws {
      try withTinyData { data in
        let result = try Command.bash(
          #"ulimit -f 8; exec "$0" "$@""#, ["train", data.recipe, "--out", data.path("run")])
        result.expectFailure(74, ["File too large"])
      }
    }

    @Test(.enabled(if: Command.mayMount, "unshare and mount are not allowed here"))
    func withoutProcNothingIsDone() throws {
      let line = #"exec unshare -m bash -c 'mount -t tmpfs none /proc && exec "$0" "$@"' "$0" "$@""#
      try Command.bash(line, ["train", "a.yaml"])
        .expectFailure(69, ["/proc/self/cmdline: found nothing to read", "mount proc on /proc"])
    }

    @Test func aPathMayStartAtHome() throws {
      try withTinyData { data in
        let home = ["HOME": data.folder.path]
        try Command.run(["train", data.recipe, "--out=~/run"], environment: home).expectSuccess()
        #expect(FileManager.default.fileExists(atPath: data.path("run/student.safetensors")))
        try Command.run(
          [
            "eval", data.recipe, "--weights=~/run/student.safetensors", "--set", "data.root=~/.",
            "--set", "data.validation_list=~/val.txt",
          ], environment: home
        ).expectSuccess()
      }
    }

    @Test func withoutHOMETheListOfUsersKnows() throws {
      let home = try #require(getpwuid(geteuid())?.pointee.pw_dir.map { String(cString: $0) })
      try withTinyData { data in
        let set = ["train", data.recipe, "--out", data.path("run"), "--set"]
        let result = try Command.bash(
          #"exec env -u HOME "$0" "$@""#, set + ["data.root=~/no such folder"])
        result.expectFailure(66, ["data.root: \(home)/no such folder: found no folder"])
      }
    }

    @Test func inAnAllocationAllCommandsButTrainWork() throws {
      try withTinyData { data in
        let slurm = ["SLURM_NTASKS": "4", "SLURM_JOB_ID": "7"]
        try Command.run(["check", data.recipe], environment: slurm).expectSuccess()
        try Command.run(["train", data.recipe, "--out", data.path("run")], environment: slurm)
          .expectFailure(69, ["SLURM_NTASKS is 4", "mpirun -n 1 for one rank alone"])
      }
    }
  }
}
