import ArgumentParser
import Files
import Reports

/// `rdd compare`: finished runs side by side.
struct Compare: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Compare runs: mean and spread over seeds, differences with their uncertainty.",
    discussion: """
      Runs whose recipes differ in the seed alone are one row. Differences are taken between runs \
      of equal seed where there are such, and come with Student's 95 % interval. There is none \
      between runs that were measured on other images, labels or classes.

      Up to three rows are compared with each other; more with that which learns from labels alone, \
      or with that which --against names.

        rdd compare runs/seed-*/quickstart-kd runs/seed-*/quickstart
      """)

  @Argument(help: "Run folders.")
  var runs: [String]

  @Option(help: "Which weights: last, or best (chosen on the validation images).")
  var weights = Comparison.Weights.last

  @Option(
    help: "The row that all others are compared with: its name, or the folder of one of its runs.")
  var against: String?

  @Flag(help: "Print one JSON object.")
  var json = false

  func run() throws {
    let folders = try runs.map { try RunRecord(folder: $0) }
    for warning in folders.flatMap(\.warnings) { Console.say("rdd: warning: \(warning)") }
    let groups = RunGroup.groups(folders)
    let comparison = Comparison(
      groups, weights: weights, against: try against.map { try groups.index(named: $0) })
    if json {
      Console.print(try comparison.json)
    } else {
      Console.show(comparison.table)
    }
  }
}

extension Comparison.Weights: ExpressibleByArgument {}
