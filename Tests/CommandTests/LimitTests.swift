import Foundation
import TestSupport
import Testing

extension CommandTests {
  /// Too few threads, too little memory: said before they are missed.
  @Suite struct LimitTests {
    /// Runs the command as a user who has no other processes, under a limit of a shell; `openBLAS` is how
    /// many threads OpenBLAS is told to have, nil for one for each core.
    private func run(
      _ arguments: [String], limit: String, ranks: Int? = nil, openBLAS: String? = "1"
    ) throws -> ProcessResult {
      let command =
        try (ranks.map { ["mpirun", "-n", "\($0)"] } ?? [])
        + [BuiltProgram.path("rdd")] + arguments
      let user = ["--reuid", "54321", "--regid", "54321", "--clear-groups"]
      var environment = MPIRun.testEnvironment()
      environment["OPENBLAS_NUM_THREADS"] = openBLAS
      if openBLAS == nil { environment["OMP_NUM_THREADS"] = nil }
      return try ProcessRun.run(
        "setpriv", user + ["bash", "-c", "ulimit \(limit); exec \"$@\"", "bash"] + command,
        environment: environment, timeout: Command.timeout)
    }

    @Test(.enabled(if: getuid() == 0), arguments: [nil, 2])
    func tooFewThreads(ranks: Int?) throws {
      try withTinyData { data in
        let arguments = [
          "train", data.recipe, "--out", data.path("run"), "--set", "train.threads=4",
          "--set", "data.loader_threads=8",
        ]
        let allowed = ranks == nil ? 20 : 40
        try run(arguments, limit: "-u \(allowed)", ranks: ranks).expectFailure(
          69,
          [
            "threads: ", " more allowed (ulimit -u: \(allowed)); expected ", "8 to load images",
            "lower train.threads or data.loader_threads",
          ])
      }
    }

    /// Not even MPI's own.
    @Test(.enabled(if: getuid() == 0), arguments: [1, 2, 3])
    func noThreads(allowed: Int) throws {
      try withTinyData { data in
        try run(["train", data.recipe, "--out", data.path("run")], limit: "-u \(allowed)")
          .expectFailure(69, ["threads: ", "raise ulimit -u or the container's pids.max"])
      }
    }

    /// OpenBLAS starts its threads before rdd begins, and ends the process by SIGINT where it gets none. The
    /// documents name its line and the remedy, with which rdd says what it lacks.
    @Test(.enabled(if: getuid() == 0), arguments: [1, 2, 3])
    func noThreadsForOpenBLAS(allowed: Int) throws {
      try withTinyData { data in
        let result = try run(
          ["train", data.recipe, "--out", data.path("run")], limit: "-u \(allowed)", openBLAS: nil)
        guard result.exitCode == 130 else {
          return result.expectFailure(69, ["threads: ", "raise ulimit -u"])
        }
        let line = "OpenBLAS blas_thread_init"
        #expect(result.standardError.contains(line) && !result.timedOut, "\(result)")
        for page in ["commands", "faq"] {
          let spans = try Document("Documentation/\(page).md").spans
          #expect(spans.contains { $0.hasPrefix(line) }, "\(page).md")
          #expect(spans.contains("OPENBLAS_NUM_THREADS=1"), "\(page).md")
        }
      }
    }

    @Test(arguments: [nil, 2])
    func moreThreadsThanAHostCanUse(ranks: Int?) throws {
      try withTinyData { data in
        let arguments = ["train", data.recipe, "--out", data.path("run")]
        try Command.run(arguments + ["--set", "train.threads=1024"], ranks: ranks)
          .expectFailure(69, ["train.threads: found 1024 threads", "expected at most "])
        let result = try Command.run(
          arguments, ranks: ranks, environment: ["OMP_NUM_THREADS": "100000"])
        result.expectSuccess()
        #expect(
          result.standardError.contains(
            "warning: OMP_NUM_THREADS: found 100000; expected at most "),
          "\(result)")
      }
    }

    /// MPI, a library or the runtime would end the process without a word.
    @Test(arguments: [
      ("-n 10", "open files: "), ("-n 12", "open files: "), ("-n 15", "open files: "),
      ("-n 20", "open files: "), ("-s 64", "stack: "), ("-s 128", "stack: "),
    ])
    func tooLittleToStartWith(limit: String, name: String) throws {
      try withTinyData { data in
        let line = "ulimit \(limit); exec \"$0\" \"$@\""
        for words in [["train", data.recipe, "--out", data.path("run")], ["check", data.recipe]] {
          try Command.bash(line, words).expectFailure(
            69, [name, "(ulimit \(limit.prefix(2)): ", "expected at least ", "raise it"])
        }
      }
    }

    /// Under a limit with which check works, training works too, or ends with a line: the libraries do not
    /// meet it first.
    @Test(arguments: [800, 900, 1000, 1100, 1200, 1300])
    func tooFewAddresses(megabytes: Int) throws {
      try withTinyData { data in
        let line = "ulimit -v \(megabytes)000; exec \"$0\" \"$@\""
        let check = try Command.bash(line, ["check", data.recipe])
        // The loader, or MPI, has no room at all.
        guard [0, 69].contains(check.exitCode) else { return }
        let result = try Command.bash(
          line, ["train", data.recipe, "--out", data.path("run")])
        guard result.exitCode != 0 else { return }
        #expect([69, 70].contains(result.exitCode), "\(result)")
        #expect(result.errorLines.count == 1, "\(result)")
      }
    }

    /// 8192 x 8192 pixels of a large network are some 500 GB.
    @Test func tooLittleMemory() throws {
      try withTinyData { data in
        let large = [
          "--set", "data.crop_height=8192", "--set", "data.crop_width=8192",
          "--set", "student.network=deeplabv3_resnet101", "--set", "student.head_width=0",
        ]
        let run = ["--out", data.path("run")]
        let texts = ["memory: ", " free (", "expected at least ", "lower train.batch_size"]
        try Command.run(["train", data.recipe] + run + large).expectFailure(69, texts)
        let check = try Command.run(["check", data.recipe] + run + large)
        check.expectFailure(69, ["found 1 problem"])
        #expect(check.standardError.contains("rdd: problem: memory: "), "\(check)")
      }
    }

    @Test func tooLittleSharedMemory() throws {
      try withTinyData { data in
        try Command.run(
          ["train", data.recipe, "--out", data.path("run")], ranks: 2,
          environment: ["OMPI_MCA_btl_vader_segment_size": "4000g"]
        ).expectFailure(69, ["shared memory: ", "/dev/shm: found ", " for 2 ranks of Open MPI"])
      }
    }

    /// What a crash left is removed before it is missed, also where nobody but mpirun starts rdd.
    @Test(.enabled(if: Command.mayMount, "unshare and mount are not allowed here"))
    func sharedMemoryThatACrashHasFilledIsCleared() throws {
      try withTinyData { data in
        let result = try ProcessRun.run(
          "/bin/bash",
          [
            "-c",
            """
            exec unshare -m bash -c '
              mount -t tmpfs -o size=40m tmpfs /dev/shm || exit
              head -c 36m /dev/zero >"/dev/shm/vader_segment.$(uname -n).0.1234.0"
              mpirun -n 2 "$@" || exit
              ls /dev/shm' bash "$@"
            """, "bash", try BuiltProgram.path("rdd"), "train", data.recipe, "--out",
            data.path("run"),
          ],
          environment: MPIRun.testEnvironment(), timeout: Command.timeout)
        result.expectSuccess()
        #expect(!result.standardOutput.contains("vader_segment"), "\(result)")
      }
    }

    /// A file that another rank has removed has its memory for a moment longer: here because a process
    /// still has it open.
    @Test(.enabled(if: Command.mayMount, "unshare and mount are not allowed here"))
    func sharedMemoryThatIsBeingRemovedIsWaitedFor() throws {
      try withTinyData { data in
        let result = try ProcessRun.run(
          "/bin/bash",
          [
            "-c",
            """
            exec unshare -m bash -c '
              mount -t tmpfs -o size=40m tmpfs /dev/shm || exit
              head -c 36m /dev/zero >/dev/shm/file
              sleep 0.9 3</dev/shm/file &
              rm /dev/shm/file
              exec mpirun -n 2 "$@"' bash "$@"
            """, "bash", try BuiltProgram.path("rdd"), "train", data.recipe, "--out",
            data.path("run"),
          ],
          environment: MPIRun.testEnvironment(), timeout: Command.timeout)
        result.expectSuccess()
      }
    }

    @Test func checkTellsLimits() throws {
      try withTinyData { data in
        let result = try Command.run(["check", data.recipe, "--out", data.path("run")])
        result.expectSuccess()
        let rows = result.standardOutput.split(separator: "\n").map(String.init)
        for (name, part) in [
          ("threads ", "1 rank x 1 thread (OMP_NUM_THREADS)"), ("processor time ", " cores"),
          ("memory ", "activations "),
          ("memory free ", "the host's memory"), ("shared memory ", " for MPI's start"),
          ("open files ", "ulimit -n"), ("time ", "--measure runs some steps"),
        ] {
          #expect(rows.contains { $0.hasPrefix(name) && $0.contains(part) }, "\(name): \(result)")
        }
      }
    }

    /// On one host they would only be in the way of those who did not ask.
    @Test func checkTellsExpertsMore() throws {
      try withTinyData { data in
        let check = ["check", data.recipe, "--out", data.path("run")]
        let rows = try [check, check + ["--all"]].map { words -> [String] in
          let result = try Command.run(words)
          result.expectSuccess()
          return result.standardOutput.split(separator: "\n").map(String.init)
        }
        for (name, part) in [
          ("MPI ", "Open MPI"), ("binding ", "cores"), ("waiting ranks ", "core"),
          ("threads beside ", "up to "), ("no progress ", "exit code 76"),
          ("asked to stop ", "exit code 75"), ("a rank killed ", "exit code 137"),
        ] {
          #expect(!rows[0].contains { $0.hasPrefix(name) }, "\(name)")
          #expect(rows[1].contains { $0.hasPrefix(name) && $0.contains(part) }, "\(name)")
        }
      }
    }

    /// On a terminal the rows are broken between words; elsewhere each has one line.
    @Test(arguments: [80, 120])
    func rowsFitTheTerminal(columns: Int) throws {
      try withTinyData { data in
        let program = try BuiltProgram.path("rdd")
        let line = "stty cols \(columns); '\(program)' check '\(data.recipe)' 2>/dev/null"
        let shown = try ProcessRun.run(
          "/usr/bin/script", ["-qec", line, "/dev/null"],
          environment: MPIRun.testEnvironment().merging(["OMP_NUM_THREADS": "1"]) { $1 },
          timeout: Command.timeout)
        #expect(shown.exitCode == 0, "\(shown)")
        let lines = shown.standardOutput.replacingOccurrences(of: "\r", with: "")
          .split(separator: "\n")
        // Only a path of one word may be longer.
        let long = lines.filter { $0.count > columns && !$0.contains("/") }
        #expect(long.isEmpty && lines.contains { $0.hasPrefix("        ") }, "\(shown)")
        let plain = try Command.run(["check", data.recipe]).standardOutput
        #expect(
          plain.split(separator: "\n").contains {
            $0.hasPrefix("memory ") && $0.contains("decoded")
          })
      }
    }
  }
}
