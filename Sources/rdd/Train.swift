import ArgumentParser
import DataParallel
import Foundation
import Training

/// `rdd train`: from a recipe to a trained student.
struct Train: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Train a network: a student with its teacher, or a teacher on labels alone.",
    discussion: """
      Run the same command again to go on where a run stopped, on any number of ranks.

        mpirun -n 4 rdd train launch/recipes/camvid-deeplabv3-r18.yaml \\
          --set data.root=CamVid --out runs/camvid
      """)

  @OptionGroup var options: RecipeOptions

  @Option(help: "The run's folder; by default runs/ and the recipe's name.")
  var out: String?

  @Option(
    help: ArgumentHelp(
      "Write when each rank did what in the first iterations, in Chrome's trace format.",
      valueName: "file"))
  var trace: String?

  func run() throws {
    StopRequest.listen()
    let job = try Job(
      options, isWatched: true, work: ThreadNeeds.Work.steps, tellsRanks: true)
    let folder = options.runFolder(out)
    let coordinator = job.coordinator
    for line in try coordinator.requireMemory(job.recipe) { job.logger.warning("\(line)") }
    let trainer = try Trainer(
      job.recipe, folder: folder, coordinator: coordinator, logger: job.logger,
      trace: try trace.map { try Trace($0, coordinator: coordinator) })
    let summary: Trainer.Summary
    do {
      summary = try trainer.run()
    } catch let stop as Preempted {
      job.logger.info("\(stop)")
      try job.finish()
      // All ranks end alike, so none of them leaves another waiting.
      Foundation.exit(TrainingError.Code.preempted.rawValue)
    }
    if coordinator.isLead {
      print(summary.last.table)
      print(summary.verdict(folder: folder))
    }
    try job.finish()
  }
}
