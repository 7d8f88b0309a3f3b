import ArgumentParser
import DataParallel
import Files
import Foundation
import Runs
import Tools

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

  @Option(
    help: "The run's folder; by default RECIPE if it is one, else runs/ and its name.",
    completion: .directory)
  var out: String?

  @Option(
    help: ArgumentHelp(
      "Write when each rank did what in the first iterations, in Chrome's trace format.",
      valueName: "file"),
    completion: .file())
  var trace: String?

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp(
      "Go on although this part of the run is not as it was; may be repeated. Parts: "
        + RunIdentity.Part.allCases.map(\.rawValue).joined(separator: ", ") + ".",
      valueName: "part"))
  var accept: [RunIdentity.Part] = []

  @Flag(help: "Begin anew; what the folder holds is kept beside it, as FOLDER.earlier-1.")
  var fresh = false

  @Option(
    help: ArgumentHelp(
      "With --fresh: a name of this job, of letters, digits and -_.:@+. However often the job is started, it begins anew once.",
      valueName: "name"))
  var job: String?

  func validate() throws {
    let folder = options.runFolder(out)
    guard URL(fileURLWithPath: folder).resolvingSymlinksInPath().path != "/" else {
      throw ValidationError(
        "--out: \(folder): found the root of all folders; expected a run's folder; choose another")
    }
    if let job, !Self.isName(job) {
      throw ValidationError(
        "--job: found \(quoted(job)); expected a name of 1 to 200 letters, digits and -_.:@+; correct it"
      )
    }
    let refusal = trace.flatMap {
      RunFiles.refusal(ofTarget: $0, option: "--trace", run: folder)
    }
    if let refusal { throw ValidationError(refusal) }
  }

  private static func isName(_ text: String) -> Bool {
    (1...200).contains(text.utf8.count)
      && text.utf8.allSatisfy { byte in
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
          || "-_.:@+".utf8.contains(byte)
      }
  }

  func run() throws {
    StopRequest.listen()
    let job = try Job(options, isWatched: true, work: ThreadNeeds.Work.steps, trains: true)
    let folder = options.runFolder(out)
    let coordinator = job.coordinator
    if let hint = options.hint(out) { job.logger.info("\(hint)") }
    let start = RunStart(
      accepted: Set(accept), isFresh: fresh, job: self.job, version: RDD.configuration.version)
    try coordinator.requireSameOptions(folder: folder, start, isTraced: trace != nil)
    let recipe =
      try start.beginsAnew(in: folder, coordinator)
      ? job.recipe : job.recipe.begun(in: folder, coordinator) { job.logger.info("\($0)") }
    for line in try recipe.warnings + coordinator.requireMemory(recipe) {
      job.logger.warning("\(line)")
    }
    let trace = try self.trace.map { try Trace($0, coordinator: coordinator) }
    let trainer = try Trainer(
      recipe, folder: folder, start: start, coordinator: coordinator, logger: job.logger,
      trace: trace)
    let summary: Trainer.Summary
    StopRequest.heed()
    do {
      summary = try trainer.run()
    } catch let stop as Preempted {
      job.logger.info("\(stop)")
      try job.end(.preempted)
    }
    if coordinator.isLead {
      Console.show(summary.last.table)
      Console.show(summary.verdict(folder: folder))
    }
    // All else is done and saved.
    if let failure = trace?.failure { throw failure }
    try job.finish()
    try Job.requireResults("the run is complete, and its weights are in \(folder)")
  }
}

extension RunIdentity.Part: ExpressibleByArgument {}
