import ArgumentParser
import Files
import Tools

/// `rdd bench`: how fast the parts of a run are here.
struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measure how fast the parts of a run are on this machine.",
    discussion: """
        mpirun -n 2 rdd bench step launch/recipes/quickstart.yaml \\
          --set teacher.weights=none --set teacher.from_seed=true
        mpirun -n 2 rdd bench allreduce
      """,
    subcommands: [
      BenchStep.self, BenchLoss.self, BenchTeacher.self, BenchAllreduce.self, BenchScaling.self,
    ])
}

/// `rdd bench step`: the times of training steps.
struct BenchStep: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "step",
    abstract: "Time real training steps, phase by phase.",
    discussion: """
      The steps are those of a run, from the student's first weights, in the recipe's last stage. \
      Nothing is saved. A teacher of random weights does for timing:

        mpirun -n 2 rdd bench step launch/recipes/quickstart.yaml \\
          --set teacher.weights=none --set teacher.from_seed=true
      """)

  @OptionGroup var options: RecipeOptions

  @Option(help: "Steps that are timed.")
  var steps = 20

  @Option(help: "Steps that go before, untimed.")
  var warmup = 3

  @Flag(help: "Print one JSON object.")
  var json = false

  func validate() throws {
    if !(1...100_000).contains(steps) {
      throw ValidationError("--steps \(steps); expected 1 to 100000")
    }
    if !(0...100_000).contains(warmup) {
      throw ValidationError("--warmup \(warmup); expected 0 to 100000")
    }
  }

  func run() throws {
    let job = try Job(options, isWatched: true, work: ThreadNeeds.Work.steps)
    _ = try job.coordinator.requireMemory(job.recipe)
    let timings = try StepBench.run(
      job.recipe, steps: steps, warmup: warmup, coordinator: job.coordinator)
    if job.coordinator.isLead { Console.print(json ? try timings.json : timings.table) }
    try job.finish()
  }
}

/// `rdd bench loss`: the times of the losses alone.
struct BenchLoss: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "loss",
    abstract: "Time the losses on random logits: forward, and backward to the logits.",
    discussion: """
      Both heads, difficulty, cross entropy and plain distillation, for this rank's images of the \
      recipe's batch, in each stage of the method.

        rdd bench loss launch/recipes/quickstart.yaml --set teacher.weights=none \\
          --set teacher.from_seed=true
      """)

  @OptionGroup var options: RecipeOptions

  @Option(help: "Calls that are timed.")
  var calls = 20

  @Flag(help: "Print one JSON object.")
  var json = false

  func validate() throws {
    if !(1...100_000).contains(calls) {
      throw ValidationError("--calls \(calls); expected 1 to 100000")
    }
  }

  func run() throws {
    let job = try Job(options)
    let timings = try LossBench.run(job.recipe, calls: calls, coordinator: job.coordinator)
    if job.coordinator.isLead { Console.print(json ? try timings.json : timings.table) }
    try job.finish()
  }
}
