import DataParallel
import Files
import Foundation
import Logging
import MPI
import Parity
import Recipes
import Reports
import Steps
import Tools
import Torch

/// What every subcommand with ranks starts and ends with: MPI, recipe, log, watchdog, exit code.
struct Job {
  /// The ranks.
  let coordinator: Coordinator
  /// The recipe with the command line's settings.
  let recipe: Recipe
  /// The log: from level info on rank 0, errors alone on other ranks.
  let logger: Logger
  private let watchdog: Watchdog?

  /// Starts the ranks and reads the recipe. Collective.
  ///
  /// - Parameters:
  ///   - options: the recipe.
  ///   - purpose: what the recipe is read for.
  ///   - isWatched: whether the job ends when nothing moves any more (`train.watchdog_seconds`).
  ///   - work: what the ranks are started for, which says how many threads they need.
  ///   - trains: whether the first line tells ranks, threads and instructions, and not only
  ///     instructions that some rank would not have chosen, and whether a single process that is
  ///     started where several are reserved is a mistake.
  init(
    _ options: RecipeOptions, for purpose: Recipe.Purpose = .training, isWatched: Bool = false,
    work: (Recipe) -> ThreadNeeds.Work = { _ in .measuring }, trains: Bool = false
  ) throws {
    try StartGuard.arm()
    let world = try Self.startWorld(trains: trains)
    // Rank 0 writes the log; the others write errors alone.
    let level = world.rank == 0 ? Logger.Level.info : .error
    LoggingSystem.bootstrap { _ in LineLogHandler(logLevel: level) }
    let logger = Logger(label: "rdd")
    self.logger = logger
    recipe = try Recipe.load(options.file, overrides: options.set, for: purpose)
    coordinator = try Coordinator(
      world, threads: recipe.train.threads, instructions: recipe.train.instructions)
    try coordinator.requireEqual(recipe.resolvedYAML(), "recipe")
    try recipe.requireFormat(on: coordinator.instructions)
    let ranks = trains ? "\(coordinator.ranksInWords); " : ""
    if trains || coordinator.instructions.isLowered {
      logger.info("\(ranks)instructions: \(coordinator.instructions)")
    }
    for warning in coordinator.threadWarnings { logger.warning("\(warning)") }
    try coordinator.requireThreads(work(recipe), isWatched: isWatched)
    TorchRuntime.threads = coordinator.threadCount
    watchdog =
      isWatched
      ? try Watchdog(world, wish: recipe.train.watchdogSeconds) { logger.warning("\($0)") } : nil
    StartGuard.disarm()
  }

  /// Starts the ranks, and sends failures of LibTorch the way of all others. Collective.
  ///
  /// - Parameter trains: whether a single process that is started where several are reserved is a
  ///   mistake.
  static func startWorld(trains: Bool = false) throws -> World {
    try HostRequirements.prepare()
    let world = try World()
    if World.hasPRRTE, world.environment.isLaunched { Console.restBetweenStreams(0.02) }
    if world.localRank == 0 { LeftBehind().clear() }
    TorchRuntime.onFailure = {
      FailureExit.leave(
        MemoryNeeds.explained($0), code: TrainingError.Code.internalFailure.rawValue)
    }
    try world.environment.checkWorld(
      worldSize: world.worldSize, command: CommandLine.arguments, wantsEveryTask: trains)
    return world
  }

  /// Ends the ranks after success, and tells what the log lost. Collective.
  func finish() throws {
    try conclude()
    try Self.finalize(coordinator.world)
  }

  /// Ends MPI after success; all is said. Collective.
  ///
  /// - Parameter code: what the process ends with, unless results could not be written.
  static func finalize(_ world: World, code: Int32 = 0) throws {
    try EndGuard.finalize(world) {
      Console.printFailure == nil ? code : TrainingError.Code.writeFailed.rawValue
    }
  }

  /// Ends the job with a code that is no failure's; all is said. Collective.
  func end(_ code: TrainingError.Code) throws -> Never {
    try conclude()
    try FailureExit.end(coordinator.world, code: code.rawValue)
  }

  private func conclude() throws {
    try watchdog?.stop()
    if let loss = Console.lossInWords { logger.warning("\(loss)") }
  }

  /// Fails if results could not be written.
  ///
  /// - Parameter outcome: what the command has done all the same.
  static func requireResults(_ outcome: String? = nil) throws(TrainingError) {
    guard let failure = Console.printFailure else { return }
    throw TrainingError(
      .writeFailed,
      "results: stdout: found \(failure); expected all of them to be written; "
        + (outcome.map { $0 + "; " } ?? "") + "give stdout a place that takes them")
  }

  /// Ends the job with an error's one line and code.
  static func leave(_ error: any Error) -> Never {
    FailureExit.leave(error, code: code(of: error))
  }

  /// Whether this process speaks for all that have the same command line, before MPI is started.
  static var isFirst: Bool { MPIEnvironment.current.launchedRank ?? 0 == 0 }

  /// Ends a job whose command line is wrong, with one line and the usage.
  ///
  /// - Parameter usage: as the parser of the command line has it, which begins with `Error: `.
  static func leave(usage: String) -> Never {
    if isFirst {
      let text = usage.hasPrefix("Error: ") ? "rdd: error: " + usage.dropFirst(7) : usage
      text.split(separator: "\n", omittingEmptySubsequences: false).forEach {
        Console.say(String($0))
      }
    }
    exit(64)
  }

  /// The exit code that tells launchers what went wrong.
  static func code(of error: any Error) -> Int32 {
    error is ParityError || error is ReportError
      ? TrainingError.Code.badData.rawValue : TrainingError.exitCode(of: error)
  }
}
