import Foundation
import TestSupport
import Testing

/// The scripts of launch/ with a mpirun that only notes what it was given.
@Suite struct LaunchScriptTests {
  private static let root = Repository.root.path

  /// Runs a script in a folder of its own; `mpirun` there appends its words to `words` and the
  /// hostfile's content to `hosts`, and then does `job`, a line of shell. Where `ssh` is given, it is what
  /// ssh does with the words after its options.
  private func launch(
    _ words: [String], hostfile: [UInt8] = [], job: String = "exit 0", ssh: String? = nil,
    error: ProcessRun.Sink = .result, term: String? = nil, variables: [String: String?] = [:]
  ) throws -> (result: ProcessResult, words: [String], hosts: String, here: String) {
    try withTemporaryFolder { folder in
      func make(_ program: String, _ script: String) throws {
        // A program that was just written may not start: a process that another test starts meanwhile
        // has the file open for a moment ("Text file busy"). A link to one that stands can.
        try FileManager.default.createSymbolicLink(
          atPath: folder.path + "/" + program,
          withDestinationPath: Self.root + "/Tests/Fixtures/bin/scripted")
        let start = "here=\(folder.path) out=\(folder.path)/runs/a\n"
        try Data((start + script).utf8).write(
          to: folder.appendingPathComponent(program + ".sh"))
      }
      try Data(hostfile).write(to: folder.appendingPathComponent("hosts.txt"))
      try make(
        "mpirun",
        """
        [[ $1 != --version ]] || { echo "mpirun (Open MPI) 4.1.4" && exit; }
        echo "$*" >>"$here/words"
        [[ $1 != --hostfile ]] || cat "$2" >>"$here/hosts"
        starts=$(wc -l <"$here/words")
        \(job)
        """)
      if let ssh { try make("ssh", "while [[ $1 == -o ]]; do shift 2; done\n" + ssh) }
      var environment = ProcessInfo.processInfo.environment
      environment["PATH"] = folder.path + ":" + (environment["PATH"] ?? "/usr/bin:/bin")
      environment["TERM"] = term
      environment["OMP_NUM_THREADS"] = nil
      for (name, value) in variables { environment[name] = value }
      let given = words.map { $0.replacingOccurrences(of: "HERE", with: folder.path) }
      let result = try ProcessRun.run(
        Self.root + "/launch/" + given[0], Array(given.dropFirst()), environment: environment,
        timeout: 60, error: error)
      func text(_ name: String) -> String {
        (try? String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)) ?? ""
      }
      let lines = text("words").split(separator: "\n").map(String.init)
      return (result, lines, text("hosts"), folder.path)
    }
  }

  /// A thread that waits does not spin for long beside other work, on every host, unless the user says.
  @Test(arguments: [nil, "passive"])
  func waitingThreadsSleepSoon(policy: String?) throws {
    for words in [hosts, ["local", "2", "check", "a.yaml"]] {
      let run = try launch(
        words, hostfile: Array("localhost slots=2".utf8),
        job: "echo \"${GOMP_SPINCOUNT-unset} $OPENBLAS_NUM_THREADS\" >>\"$here/words\"",
        variables: ["OMP_WAIT_POLICY": policy, "GOMP_SPINCOUNT": nil, "OPENBLAS_NUM_THREADS": nil])
      #expect(run.words.last == (policy == nil ? "10000 1" : "unset 1"), "\(run.words)")
      let passed =
        " -x OPENBLAS_NUM_THREADS "
        + (policy == nil ? "-x GOMP_SPINCOUNT " : "-x OMP_WAIT_POLICY ")
      #expect(run.words[0].contains(passed) == (words == hosts), "\(run.words)")
    }
  }

  private let hosts = ["hosts", "HERE/hosts.txt", "check", "a.yaml"]
  private let supervised = [
    "supervise", "hosts", "HERE/hosts.txt", "a.yaml", "--out", "HERE/runs/a",
  ]

  /// Rank 0 is told of the terminal that launch/ writes to, also on another host, and of no other.
  @Test(arguments: [("xterm", true), ("dumb", true), ("xterm", false)])
  func theTerminalIsTold(term: String, isTerminal: Bool) throws {
    let terminal = try TestTerminal()
    defer { terminal.close() }
    for words in [hosts, ["local", "2", "check", "a.yaml"]] {
      let run = try launch(
        words, hostfile: Array("localhost slots=2".utf8),
        job: "echo \"${RDD_TERMINAL-unset}\" >>\"$here/words\"",
        error: isTerminal ? .path(terminal.path) : .result, term: term)
      let isTold = isTerminal && term != "dumb"
      #expect(run.words.last == (isTold ? "80" : "unset"), "\(run.words)")
      #expect(
        run.words[0].contains(" -x RDD_TERMINAL -x TERM ") == (isTold && words == hosts),
        "\(run.words)")
    }
  }

  @Test(arguments: [
    "localhost slots=2", "localhost slots=2\r\n", "\u{FEFF}localhost slots=2\n",
    "# mine\r\n\r\n  localhost\tslots = 2  # two\r\n", "localhost\u{A0}slots=2\n",
    "localhost slots=2\r# old\r",
  ])
  func hostfilesOfAllEditorsAreRead(text: String) throws {
    for words in [hosts, supervised] {
      let run = try launch(words, hostfile: Array(text.utf8))
      #expect(run.result.exitCode == 0, "\(run.result)")
      let found = run.hosts.split { $0.isNewline }.map { line in
        line.prefix { $0 != "#" }.split { " \t".contains($0) }.joined(separator: " ")
      }.filter { !$0.isEmpty }
      // A file that mpirun takes is given to it as it is.
      #expect([["localhost slots=2"], ["localhost slots = 2"]].contains(found), "\(run.hosts)")
      #expect(!run.hosts.contains("\r") && !run.hosts.contains("\u{FEFF}"), "\(run.hosts)")
    }
  }

  @Test func aLastHostWithoutLineEndIsNotLeftOut() throws {
    let run = try launch(supervised, hostfile: Array("localhost slots=1\n127.0.0.1 slots=3".utf8))
    // The second one is asked by ssh, and nothing answers here or it is taken.
    let isAsked = run.result.standardError.contains("host 127.0.0.1 does not answer")
    #expect(isAsked || run.hosts.contains("127.0.0.1 slots=3"), "\(run.result)")
  }

  /// What a dead job left on another host goes before the next start there.
  @Test func otherHostsAreCleanedToo() throws {
    let run = try launch(
      supervised, hostfile: Array("localhost\nother slots=1\nsilent slots=1\n".utf8),
      job: """
        dead=$here/there/ompi.$(uname -n).$EUID/pid.4194305
        if [[ $starts == 1 ]]; then mkdir -p "$dead" && exit 137; fi
        [[ -e $dead ]] || echo clean >>"$here/hosts"
        """,
      ssh: """
        [[ $1 == other ]] || exit 255
        TMPDIR=$here/there exec "${@:2}"
        """,
      variables: ["OMPI_MCA_plm_rsh_agent": nil, "PRTE_MCA_plm_ssh_agent": nil])
    #expect(run.result.exitCode == 0 && run.words.count == 2, "\(run.result)")
    let hosts = "localhost\nother slots=1\n"
    #expect(run.hosts == hosts + hosts + "clean\n", "\(run.hosts)")
    #expect(run.result.standardError.contains("host silent does not answer"), "\(run.result)")
  }

  @Test(arguments: [
    ("node1 slots=2\nnode2 slots=two", ":2: found 'slots=two'; expected a number"),
    ("node1 slots=0", ":1: found 'slots=0'; expected a number of at least 1"),
    ("-oProxyCommand=x slots=1", ":1: found '-oProxyCommand=x'; expected a host's name"),
    ("node1:2", ":1: found 'node1:2'; expected a host's name"),
    ("# none\n\n", ": found no host; expected a line for each"),
    ("node1 slots=1\nnode1 slots=2\n", ":2: found node1 again"),
    ("n\0o\0d\0e\01\0", ": found zero bytes, as in UTF-16"),
  ])
  func aLineThatIsNoHostIsNamed(text: String, message: String) throws {
    for words in [hosts, supervised] {
      let run = try launch(words, hostfile: Array(text.utf8))
      #expect(run.result.exitCode == 65 && run.words == [], "\(run.result)")
      let lines = run.result.standardError.split(separator: "\n").filter {
        $0.contains(": error: hostfile: ")
      }
      #expect(lines.count == 1 && lines[0].contains("/hosts.txt" + message), "\(run.result)")
    }
  }

  @Test(arguments: [
    (["a.yaml", "--out", "x"], ["train", "a.yaml", "--out", "x"]),
    (["--set", "train.seed=2", "a.yaml"], ["train", "--set", "train.seed=2", "a.yaml"]),
    (["eval", "a.yaml"], ["eval", "a.yaml"]), (["parity", "x"], ["parity", "x"]),
    (["bench", "step", "a.yaml"], ["bench", "step", "a.yaml"]),
    // A run's folder stands for its recipe.
    (["HERE"], ["train", "HERE"]), (["eval", "HERE"], ["eval", "HERE"]),
  ])
  func ranksAreStartedWith(words: [String], expected: [String]) throws {
    for script in [["local", "2"], ["hosts", "HERE/hosts.txt"]] {
      let run = try launch(script + words, hostfile: Array("localhost slots=2\n".utf8))
      #expect(run.result.exitCode == 0 && run.words.count == 1, "\(run.result)")
      let last = (run.words.first ?? "").components(separatedBy: "/rdd ").last ?? ""
      let folder = run.here
      #expect(
        last == expected.joined(separator: " ").replacingOccurrences(of: "HERE", with: folder))
    }
  }

  /// Nothing of these is shared by ranks: they are run once, by no mpirun.
  @Test(arguments: [
    (["--help"], 0, "USAGE: rdd <subcommand>"),
    (["train", "a.yaml", "--help"], 0, "USAGE: rdd train"),
    (["a.yaml", "-h"], 0, "USAGE: rdd train"),
    (["recipe-keys", "train.seed"], 0, "| `train.seed` |"),
    (["help", "eval"], 0, "USAGE: rdd eval"), (["compare", "HERE"], 65, "recipe.yaml"),
    (["chek", "a.yaml"], 64, "did you mean check?"),
    (["bench", "scaling", "HERE/x"], 66, "scaling: "),
    (["--version"], 0, "rdd "),
  ])
  func whatNeedsNoRanksStartsNone(words: [String], code: Int32, text: String) throws {
    for script in [["local", "2"], ["hosts", "HERE/hosts.txt"]] {
      let run = try launch(script + words, hostfile: Array("localhost slots=2\n".utf8))
      #expect(run.result.exitCode == code && run.words == [], "\(run.result)")
      let output = run.result.standardOutput + run.result.standardError
      #expect(output.contains(text), "\(run.result)")
    }
  }

  /// The sources say the version: no library is loaded for it.
  @Test(arguments: ["local", "hosts"])
  func theVersionIsThatOfTheProgram(script: String) throws {
    let program = try ProcessRun.run(
      Self.root + "/.build/release/rdd", ["--version"],
      environment: ProcessInfo.processInfo.environment, timeout: 60)
    let run = try launch([script, "--version"])
    #expect(run.result.exitCode == 0 && run.words == [], "\(run.result)")
    #expect(run.result.standardOutput == program.standardOutput)
  }

  private let fresh = ["supervise", "local", "2", "a.yaml", "--fresh", "--out", "HERE/runs/a"]

  /// The name of the job, as `--job` gives it to rdd, which begins anew once for it.
  private func job(_ words: String) -> String? {
    let parts = words.components(separatedBy: " --job ")
    return parts.count == 2 && parts[0].contains(" --fresh ") ? parts[1] : nil
  }

  @Test func aRunThatIsStartedAgainIsTheSameJob() throws {
    let again = "[[ $starts == 1 ]] || exit 0\nexit 137\n"
    let runs = try (0..<2).map { _ in try launch(fresh, job: again) }
    let names = runs.flatMap { $0.words.map(job) }
    #expect(names.count == 4 && !names.contains(nil), "\(runs)")
    #expect(names[0] == names[1] && names[2] == names[3] && names[0] != names[2], "\(names)")
    let own = try launch(fresh + ["--job", "mine"], job: again)
    #expect(own.words.map(job) == ["mine", "mine"], "\(own)")
    let plain = try launch(["supervise", "local", "2", "a.yaml", "--out", "HERE/runs/a"])
    #expect(plain.words.count == 1 && !plain.words[0].contains("--job"), "\(plain)")
  }

  /// The name is in a file for as long as the job, and without it nobody knows whether it has begun.
  @Test(arguments: [nil, "1"])
  func aSlurmJobKeepsItsName(restarts: String?) throws {
    let run = try launch(
      fresh, job: "cat \"$out.start-7\" >>\"$here/words\" || true",
      variables: ["SLURM_JOB_ID": "7", "SLURM_RESTART_COUNT": restarts])
    if restarts == nil {
      #expect(run.words.count == 2 && job(run.words[0]) == run.words[1], "\(run)")
    } else {
      #expect(!run.words[0].contains("--fresh") && !run.words[0].contains("--job"), "\(run)")
    }
  }

  /// Open MPI's folders would be such as nobody can use.
  @Test func aUmaskLeavesTheOwnersRights() throws {
    for (mask, line) in [("0777", "umask: found 0777, "), ("0027", "")] {
      let result = try ProcessRun.run(
        "bash", ["-c", "umask \(mask); exec \"$0\" --version", Self.root + "/launch/local"],
        environment: ProcessInfo.processInfo.environment, timeout: 60)
      #expect(result.exitCode == 0, "\(result)")
      let told = result.standardError
      #expect(line.isEmpty ? told.isEmpty : told.contains(line + "which takes"), "\(result)")
    }
  }

  /// What a scheduler sends as a notice reaches mpirun as the one that saves; the parent is supervise.
  @Test(arguments: ["USR1", "USR2", "TERM"])
  func aNoticeToSuperviseSaves(signal: String) throws {
    let job = """
      trap 'exit 75' USR1
      kill -\(signal) $PPID
      for i in {1..100}; do sleep 0.1; done
      exit 80
      """
    let run = try launch(["supervise", "local", "2", "a.yaml", "--out", "HERE/runs/a"], job: job)
    #expect(run.result.exitCode == 75, "\(run.result)")
    #expect(run.words.count == 1, "\(run.words)")
  }

  /// A mount that goes and comes back: input that is missing counts once the run has saved something, a
  /// disk that fails from the first start on.
  @Test(arguments: [(66, true, 0, 3), (66, false, 66, 1), (74, false, 0, 3), (65, true, 65, 1)])
  func whatMayComeBackIsTriedAgain(code: Int, saves: Bool, end: Int, starts: Int) throws {
    let job = """
      if [[ $starts == 1 && \(saves) == true ]]; then
        mkdir -p "$out/checkpoints" && touch "$out/checkpoints/iteration_0000003.safetensors"
      fi
      ((starts > 2)) || exit \(code)
      """
    let run = try launch(["supervise", "local", "2", "a.yaml", "--out", "HERE/runs/a"], job: job)
    #expect(Int(run.result.exitCode) == end, "\(run.result)")
    #expect(run.words.count == starts, "\(run.words)")
  }
}
