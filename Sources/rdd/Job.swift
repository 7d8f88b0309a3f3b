import DataParallel
import Foundation
import Logging
import MPI
import Parity
import Recipes
import Reports
import Torch
import Training

/// What every subcommand starts and ends with: ranks, recipe, voice, and one way out.
struct Job {
  /// The ranks.
  let coordinator: Coordinator
  /// The recipe with the command line's settings.
  let recipe: Recipe
  /// Speaks on rank 0; on other ranks only of what must not be missed.
  let logger: Logger
  private let watchdog: Watchdog?

  /// Starts the ranks and reads the recipe. Collective.
  ///
  /// - Parameters:
  ///   - options: the recipe.
  ///   - isWatched: whether the job ends when nothing moves any more (`train.watchdog_seconds`).
  ///   - work: what the ranks are started for, which says how many threads they need.
  ///   - tellsRanks: whether the first line tells ranks, threads and instructions, and not only
  ///     instructions that some rank would not have chosen.
  init(
    _ options: RecipeOptions, isWatched: Bool = false,
    work: (Recipe) -> ThreadNeeds.Work = { _ in .measuring }, tellsRanks: Bool = false
  ) throws {
    try StartGuard.arm()
    let world = try Self.startWorld()
    LoggingSystem.bootstrap { _ in LineLogHandler() }
    var voice = Logger(label: "rdd")
    voice.logLevel = world.rank == 0 ? .info : .error
    let logger = voice
    self.logger = logger
    recipe = try Recipe.load(options.recipe, overrides: options.set)
    coordinator = try Coordinator(
      world, threads: recipe.train.threads, instructions: recipe.train.instructions)
    try coordinator.requireEqual(recipe.resolvedYAML(), "recipe")
    try recipe.requireFormat(on: coordinator.instructions)
    let ranks = tellsRanks ? "\(coordinator.ranksInWords); " : ""
    if tellsRanks || coordinator.instructions.isLowered {
      logger.info("\(ranks)instructions: \(coordinator.instructions)")
    }
    if let warning = coordinator.threadWarning { logger.warning("\(warning)") }
    try coordinator.requireThreads(work(recipe), isWatched: isWatched)
    TorchRuntime.threads = coordinator.threadCount
    watchdog =
      isWatched
      ? try Watchdog(world, wish: recipe.train.watchdogSeconds) { logger.warning("\($0)") } : nil
    StartGuard.disarm()
  }

  /// Starts the ranks, and sends failures of LibTorch the way of all others. Collective.
  static func startWorld() throws -> World {
    try HostRequirements.prepare()
    let world = try World()
    TorchRuntime.onFailure = {
      FailureExit.leave(
        MemoryNeeds.explained($0), code: TrainingError.Code.internalFailure.rawValue)
    }
    try world.environment.checkWorld(
      worldSize: world.worldSize, command: CommandLine.arguments)
    return world
  }

  /// Ends the ranks after success. Collective.
  func finish() throws {
    try watchdog?.stop()
    try coordinator.world.finalize()
  }

  /// Ends the job with an error's one line and code.
  static func leave(_ error: any Error) -> Never {
    FailureExit.leave(error, code: code(of: error))
  }

  /// Ends a job whose command line is wrong, with the usage.
  static func leave(usage: String) -> Never {
    // Every rank has the same command line: the first one says what is wrong with it.
    if MPIEnvironment.current.launchedRank ?? 0 == 0 {
      FileHandle.standardError.write(Data((usage + "\n").utf8))
    }
    exit(64)
  }

  /// The exit code that tells launchers what went wrong.
  static func code(of error: any Error) -> Int32 {
    error is ParityError || error is ReportError
      ? TrainingError.Code.badData.rawValue : TrainingError.exitCode(of: error)
  }
}
