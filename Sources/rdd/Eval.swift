import ArgumentParser
import Files
import Training

/// `rdd eval`: the scores of weights on a recipe's validation images.
struct Eval: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measure a network on the validation images, shared exactly over the ranks.",
    discussion: """
        rdd eval launch/recipes/quickstart.yaml \\
          --weights runs/quickstart/best.safetensors
        mpirun -n 2 rdd eval launch/recipes/quickstart.yaml --json \\
          --weights runs/quickstart/best.safetensors --set evaluation.flip=true
      """)

  @OptionGroup var options: RecipeOptions

  @Option(help: "The student's weights: safetensors or .pth.")
  var weights: String

  @Flag(help: "Print one JSON object.")
  var json = false

  func run() throws {
    let job = try Job(options, isWatched: true)
    let line = try Evaluation.run(job.recipe, weights: weights, coordinator: job.coordinator)
    if job.coordinator.isLead { Console.print(json ? try line.json : line.table) }
    try job.finish()
  }
}
