import Foundation
import TestSupport
import Testing

extension CommandTests {
  /// How a run tells how far it is, on terminals and elsewhere.
  @Suite struct ProgressTests {
    private static let settings = ["train.iterations=8", "train.log_every=1"]
    private static let environment = ["TERM": "xterm", "NO_COLOR": "1"]

    private func train(_ data: TinyData) -> [String] {
      ["train", data.recipe, "--out", data.path("run")]
        + Self.settings.flatMap { ["--set", $0] }
    }

    /// What was drawn, each line without what clears the one before.
    private func drawn(_ text: String) -> [String] {
      text.components(separatedBy: "\r\u{1B}[K").dropFirst().map { piece in
        String(piece.prefix { !$0.isNewline && $0 != "\r" })
      }
    }

    /// Under mpirun the terminal is that of mpirun: rank 0 draws there.
    @Test(arguments: [nil, 1, 2])
    func aLineIsDrawnOnATerminal(ranks: Int?) throws {
      try withTinyData { data in
        let terminal = try TestTerminal()
        defer { terminal.close() }
        var shown = ""
        let result = try Command.run(
          train(data), ranks: ranks, environment: Self.environment, error: .path(terminal.path)
        ) { _ in
          shown = terminal.text()
        }
        #expect(result.exitCode == 0 && !result.timedOut, "\(result)\n\(shown)")
        let lines = drawn(shown)
        #expect(lines.contains { $0.hasPrefix("8/8 labels loss ") }, "\(shown)")
        #expect(lines.contains { $0.hasPrefix("validation at 8: 2/2 images") }, "\(shown)")
        #expect(lines.allSatisfy { $0.count < 80 })
        // Lines of the log begin on lines of their own; iterations are in its file alone.
        #expect(!shown.contains(" iteration 1/8"))
        let said = shown.split(whereSeparator: \.isNewline).filter {
          $0.contains("saved iteration")
        }
        #expect(said.count == 8 && said.allSatisfy { $0.hasPrefix("20") }, "\(shown)")
        let log = try String(contentsOfFile: data.path("run/log.txt"), encoding: .utf8)
        #expect(log.contains(" iteration 1/8 labels loss ") && !log.contains("\u{1B}"))
      }
    }

    /// What looks at many images.
    enum Work: String, Sendable {
      case eval, predict, maps, beside, check

      /// The words after the recipe, with pictures in a folder.
      func words(_ data: TinyData, _ weights: String, _ out: String) -> [String] {
        let student = ["--weights", weights]
        let pictures = student + ["--out", out]
        let teacher = [
          "distill=rdd", "teacher.network=deeplabv3_resnet18", "teacher.from_seed=true",
        ]
        return switch self {
        case .eval: student
        case .predict: pictures + [data.path("0.png"), data.path("1.png")]
        case .maps: pictures + ["0", "1"] + teacher.flatMap { ["--set", $0] }
        case .beside: pictures + ["--beside", weights]
        case .check: []
        }
      }

      var command: String { self == .beside ? "maps" : rawValue }

      /// The last lines that are drawn.
      var lines: [String] {
        self == .check
          ? ["training data: 4/4 images", "validation data: 2/2 images"]
          : ["\(command): 2/2 images"]
      }
    }

    @Test(
      "Other commands tell how many images are done, apart from their results",
      arguments: [
        (Work.eval, nil), (.predict, 2), (.maps, nil), (.beside, 2), (.beside, nil), (.check, nil),
        (.check, 2),
      ])
    func imagesAreCounted(work: Work, ranks: Int?) throws {
      let run = try ShortRun.shared.get()
      try withTemporaryFolder { folder in
        let terminal = try TestTerminal()
        defer { terminal.close() }
        var shown = ""
        let result = try Command.run(
          [work.command, run.data.recipe] + work.words(run.data, run.weights, folder.path),
          ranks: ranks, environment: Self.environment, error: .path(terminal.path)
        ) { _ in
          shown = terminal.text()
        }
        #expect(result.exitCode == 0 && !result.timedOut, "\(result)\n\(shown)")
        let lines = drawn(shown)
        for line in work.lines {
          #expect(lines.contains { $0.hasPrefix(line) }, "no '\(line)': \(shown)")
        }
        #expect(lines.allSatisfy { $0.count < 80 })
        #expect(!result.standardOutput.contains("/2 images"), "\(result)")
        #expect(!result.standardOutput.contains("\u{1B}"), "\(result)")
      }
    }

    /// launch/ says how wide the terminal is where rank 0 cannot see it.
    @Test(arguments: ["40", ""])
    func aTerminalThatIsNamed(columns: String) throws {
      try withTinyData { data in
        let result = try Command.run(
          train(data), ranks: 1,
          environment: Self.environment.merging(["RDD_TERMINAL": columns]) { $1 })
        result.expectSuccess()
        let lines = drawn(result.standardError)
        #expect(lines.isEmpty == columns.isEmpty, "\(result)")
        #expect(lines.allSatisfy { $0.count < 40 }, "\(lines)")
        #expect(result.standardError.contains(" iteration 1/8 ") == columns.isEmpty, "\(result)")
      }
    }

    @Test func eachStartIsInTheLogAndInTheHistory() throws {
      try withTinyData { data in
        try Command.run(train(data)).expectSuccess()
        try Command.run(train(data), ranks: 2).expectSuccess()
        let log = try String(contentsOfFile: data.path("run/log.txt"), encoding: .utf8)
          .split(separator: "\n")
        let starts = log.indices.filter { log[$0].contains("; host ") }
        try #require(starts.count == 2, "\(log)")
        #expect(starts[0] == 0 && log[0].contains(" rdd 0."))
        for (start, ranks) in zip(starts, ["1", "2"]) {
          #expect(log[start].contains("ranks \(ranks), threads of each 1; "), "\(log[start])")
          #expect(
            log[start].hasSuffix(
              "--out \(data.path("run")) --set train.iterations=8 --set "
                + "train.log_every=1"), "\(log[start])")
        }
        // What was said before the folder was opened stands there too.
        #expect(log[1..<starts[1]].contains { $0.contains("instructions: ") }, "\(log)")
        let history = try String(contentsOfFile: data.path("run/history.jsonl"), encoding: .utf8)
        for text in [#""version":"rdd 0."#, #""host":""#, #""threads":1"#, #""command":""#] {
          #expect(history.components(separatedBy: text).count == 3, "\(text): \(history)")
        }
        // What was built in a clone does not know of which commit its sources were.
        #expect(!history.contains("commit"), "\(history)")
        let metrics = try String(contentsOfFile: data.path("run/metrics.jsonl"), encoding: .utf8)
        for line in metrics.split(separator: "\n") {
          #expect(line.contains(#/"time":"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ"/#), "\(line)")
        }
      }
    }

    /// The file BUILT of launch/package lies beside the folder of the program.
    @Test func aPackageTellsItsCommit() throws {
      try withTinyData { data in
        let package = data.path("package")
        try FileManager.default.createDirectory(
          atPath: package + "/bin", withIntermediateDirectories: true)
        try "rdd 0.0.0\ncommit 0123abc\n".write(
          toFile: package + "/BUILT", atomically: true, encoding: .utf8)
        let line = #"p=$1/bin/rdd; { ln "$0" "$p" 2>/dev/null || cp "$0" "$p"; } && "$p" "${@:2}""#
        try Command.bash(line, [package] + train(data)).expectSuccess()
        let log = try String(contentsOfFile: data.path("run/log.txt"), encoding: .utf8)
        #expect(log.prefix { $0 != "\n" }.contains(", commit 0123abc, program "), "\(log)")
        let history = try String(contentsOfFile: data.path("run/history.jsonl"), encoding: .utf8)
        #expect(history.contains(#""commit":"0123abc""#), "\(history)")
      }
    }

    /// A log that cannot be kept ends nothing.
    @Test func aLogThatCannotBeKept() throws {
      try withTinyData { data in
        try FileManager.default.createDirectory(
          atPath: data.path("run/log.txt/full"), withIntermediateDirectories: true)
        let result = try Command.run(train(data))
        result.expectSuccess()
        #expect(result.standardError.contains("the log is not kept: "), "\(result)")
      }
    }

    @Test func aFinishedRunIsWatched() throws {
      try withTinyData { data in
        try Command.run(["watch", data.path("run")]).expectFailure(66, ["recipe.yaml"])
        try Command.run(train(data)).expectSuccess()
        for options in [[], ["--once"]] {
          let result = try Command.run(["watch", data.path("run")] + options)
          result.expectSuccess()
          let rows = result.standardOutput.split(separator: "\n")
          #expect(rows.count >= 4 && rows[0].contains("8 iterations of 2 images"), "\(result)")
          #expect(rows[3].hasPrefix("complete; best mIoU ") && rows[3].hasSuffix("iteration 8"))
        }
      }
    }
  }
}
