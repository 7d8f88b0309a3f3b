import Recipes
import Testing
import Tools

/// What `rdd check` says of many faults, and of recipes that can be run in vain.
@Suite struct CheckReportTests {
  @Test func faultsOfOneCauseAreOneLine() {
    func problem(_ line: String, _ cause: UInt64) -> CheckReport.Problem {
      CheckReport.Problem(line: line, code: 65, cause: cause)
    }
    let folded = CheckReport.folded([
      problem("a", 0), problem("b", 7), problem("c", 8), problem("d", 7), problem("e", 0),
      problem("f", 7),
    ])
    #expect(folded.map(\.line) == ["a", "b; the same of 2 others", "c", "e"])
    #expect(
      CheckReport.folded([problem("x", 3), problem("y", 3)]).map(\.line)
        == ["x; the same of 1 other"])
    #expect(CheckReport.folded([]).isEmpty)
  }

  @Test(arguments: [60, 80, 100, 120, 200])
  func rowsFitATerminal(columns: Int) {
    var report = CheckReport()
    let shares = (0..<21).map { "class \($0) \($0).00 %" }.joined(separator: ", ")
    report.note("training shares", shares)
    report.note("ranks", "1: 1 on here")
    report.note("empty", "")
    let lines = report.table(columns: columns).split(separator: "\n")
    #expect(lines.allSatisfy { $0.count <= min(columns, 120) }, "\(lines)")
    #expect(lines.count { $0.count > min(columns, 120) - 30 } >= lines.count - 3, "\(lines)")
    // Whoever reads rows by a program has each in one line, of the same words.
    let plain = report.table().split(separator: "\n")
    #expect(plain.count == 3 && plain[0] == "training shares  " + shares)
    func words(_ lines: [Substring]) -> [Substring] { lines.flatMap { $0.split(separator: " ") } }
    #expect(words(lines) == words(plain))
    #expect(lines.dropFirst().prefix { $0.hasPrefix(" ") }.count == lines.count - 3)
  }

  /// A folder's name cannot add a row of its own.
  @Test func aRowIsOneLineWhateverItNames() {
    var report = CheckReport()
    report.note("training data", "a\nready to train\u{1B}[2J")
    #expect(report.table() == "training data  a\\u{a}ready to train\\u{1b}[2J")
  }

  @Test func aStageThatNeverStartsIsToldOf() throws {
    func warnings(_ settings: String...) throws -> [String] {
      try Recipe.decode(
        yaml: "teacher: {from_seed: true}", file: "recipe.yaml", overrides: settings
      ).warnings
    }
    #expect(try warnings().isEmpty && warnings("train.iterations=60").isEmpty)
    let never = ["train.iterations=60", "distill.warmup_iterations=4000"]
    let told = try warnings(never[0], never[1])
    #expect(told.count == 1)
    #expect(
      told.first?.hasPrefix(
        "distill.warmup_iterations: 4000 in a run of 60 iterations: TSE, the second stage") == true)
    #expect(try warnings(never[0], never[1], "distill=kd").isEmpty)
    #expect(try warnings("train.iterations=60", "distill.warmup_iterations=60").isEmpty)
    let inclusive = "distill.warmup_inclusive=true"
    #expect(try warnings(never[0], "distill.warmup_iterations=60", inclusive).count == 1)
  }
}
