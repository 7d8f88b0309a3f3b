import ArgumentParser
import DataParallel
import Files
import Runs
import Tools

/// `rdd check`: whether a run would work, before an hour is spent on it.
struct Check: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Look at all that a run needs: data, weights, ranks, memory, disk.",
    discussion: """
      What is known goes to stdout as a table. Each problem is a line on stderr, and the exit code \
      is that of the first one.

        mpirun -n 2 rdd check launch/recipes/quickstart.yaml
      """)

  @OptionGroup var options: RecipeOptions

  @Option(
    help: "The run's folder; by default RECIPE if it is one, else runs/ and its name.",
    completion: .directory)
  var out: String?

  @Flag(help: "Decode every image and look at every label value, not at headers alone.")
  var pixels = false

  @Flag(help: "Run a few training steps too, and tell their time and memory.")
  var measure = false

  @Flag(help: "Tell also how ranks wait, which threads they start, and how a job ends.")
  var all = false

  /// More lines than this help nobody.
  private static let shownProblems = 20

  func run() throws {
    let job = try Job(options, work: ThreadNeeds.Work.steps)
    let report = try RunCheck.run(
      job.recipe, folder: options.runFolder(out), decodesPixels: pixels, measures: measure,
      tellsAll: all, coordinator: job.coordinator)
    let problems = report.problems
    if job.coordinator.isLead {
      Console.show(report.table(columns: Terminal.columnsOfResults))
      for warning in report.warnings { Console.say("rdd: warning: \(warning)") }
      for problem in problems.prefix(Self.shownProblems) {
        Console.say("rdd: problem: \(problem.line)")
      }
    }
    guard let first = problems.first else {
      if job.coordinator.isLead { Console.show("\nready to train") }
      return try job.finish()
    }
    let hidden = problems.count - Self.shownProblems
    FailureExit.leave(
      "check: \(options.file): found \(counted(problems.count, "problem"))"
        + (hidden > 0 ? ", of which \(hidden) are not shown" : "")
        + "; expected none; correct them and check again", code: first.code)
  }
}
