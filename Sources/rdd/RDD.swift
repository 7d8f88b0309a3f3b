import ArgumentParser

/// The command: one subcommand a job, results on stdout, everything else on stderr.
@main
struct RDD: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rdd",
    abstract: "Distil semantic-segmentation networks with Relative Difficulty Distillation.",
    discussion: """
      Start any subcommand under mpirun to use several processes: the number of ranks changes how \
      long a run takes, not what it computes.

        rdd check launch/recipes/quickstart.yaml
        mpirun -n 2 rdd train launch/recipes/quickstart.yaml --out runs/first
        rdd eval launch/recipes/quickstart.yaml --weights runs/first/best.safetensors
      """,
    version: "rdd 0.1.0",
    subcommands: [
      Train.self, Eval.self, Predict.self, Maps.self, Compare.self, Report.self, Convert.self,
      Check.self, Bench.self, ParityCommand.self, RecipeKeys.self,
    ])

  static func main() {
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch let error where exitCode(for: error) == .success {
      exit(withError: error)
    } catch let error where isUsage(error) {
      Job.leave(usage: fullMessage(for: error))
    } catch {
      Job.leave(error)
    }
  }

  /// Whether the command line itself is wrong, so that usage helps.
  private static func isUsage(_ error: any Error) -> Bool {
    exitCode(for: error) == .validationFailure
  }
}
