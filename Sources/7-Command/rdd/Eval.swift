import ArgumentParser
import Files
import Runs

/// `rdd eval`: the scores of weights on a recipe's validation images.
struct Eval: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measure a network on the validation images, shared exactly over the ranks.",
    discussion: """
        rdd eval runs/quickstart
        rdd eval launch/recipes/quickstart.yaml \\
          --weights runs/quickstart/best.safetensors
        mpirun -n 2 rdd eval runs/quickstart --json --set evaluation.flip=true
      """)

  @OptionGroup var options: RecipeOptions

  @Option(
    help: "The student's weights: safetensors or .pth; by default the run's best.safetensors.",
    completion: .weights)
  var weights: String?

  @Flag(help: "Print one JSON object, with the confusion matrix.")
  var json = false

  @Flag(help: "Print the classes as CSV: class,iou.")
  var csv = false

  func validate() throws { _ = try options.weights(weights) }

  func run() throws {
    let job = try Job(options, for: .measuring, isWatched: true)
    if job.coordinator.isLead {
      for line in options.warnings(weights) { job.logger.warning("\(line)") }
    }
    let line = try Evaluation.run(
      job.recipe, weights: try options.weights(weights), coordinator: job.coordinator,
      progress: job.coordinator.isLead ? Progress(job.logger) : nil)
    if job.coordinator.isLead {
      if json || csv {
        Console.print(json ? try line.json : line.csv)
      } else {
        Console.show(line.table)
      }
    }
    try job.finish()
  }
}
