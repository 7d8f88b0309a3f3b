import ArgumentParser
import DataParallel
import Files
import Recipes
import Steps
import Tools

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
        rdd eval runs/first
      """,
    version: "rdd 0.1.0",
    subcommands: [
      Train.self, Watch.self, Eval.self, Predict.self, Maps.self, Compare.self, Report.self,
      Convert.self, Check.self, MakeRecipe.self, Bench.self, ParityCommand.self, RecipeKeys.self,
    ])

  static func main() {
    Console.prepare()
    ProcessSignals.prepare()
    if let line = FileMask.keepOwnRights(), Job.isFirst { Console.say("rdd: warning: \(line)") }
    for line in LibraryVariables.leaveOut() where Job.isFirst { Console.say("rdd: \(line)") }
    do {
      let words = try arguments()
      try requireCommand(words)
      var command = try parseAsRoot(words)
      try command.run()
      try Job.requireResults()
    } catch let error where exitCode(for: error) == .success {
      // Help, the version, completions.
      let text = CompletionScript.completed(fullMessage(for: error))
      if !text.isEmpty, Job.isFirst { Console.print(text) }
      do { try Job.requireResults() } catch { Job.leave(error) }
    } catch let error where isUsage(error) {
      Job.leave(usage: fullMessage(for: error))
    } catch {
      Job.leave(error)
    }
  }

  /// The words of the command line, with paths as a shell would give them: it leaves the `~` of
  /// `--out=~/runs` alone.
  private static func arguments() throws(TrainingError) -> [String] {
    // Swift reads them from /proc, and finds none without it.
    guard !CommandLine.arguments.isEmpty else {
      throw TrainingError(
        .badWorld,
        "command line: /proc/self/cmdline: found nothing to read; expected the words of this command; "
          + "mount proc on /proc")
    }
    return CommandLine.arguments.dropFirst().map { word in
      guard word.hasPrefix("--"), let equals = word.firstIndex(of: "=") else {
        return fromHome(word)
      }
      let value = word.index(after: equals)
      return String(word[..<value]) + fromHome(String(word[value...]))
    }
  }

  /// Stops at a word that stands where a subcommand should, and is none.
  private static func requireCommand(_ words: [String]) throws(ValidationError) {
    var command: any ParsableCommand.Type = Self.self
    for word in words where word != "help" {
      let known = command.configuration.subcommands
      if known.isEmpty || word.hasPrefix("-") { return }
      if let next = known.first(where: { $0._commandName == word }) {
        command = next
        continue
      }
      let names = known.map { $0._commandName }
      let isRecipe = command == Self.self && (word.hasSuffix(".yaml") || word.hasSuffix(".yml"))
      let remedy =
        isRecipe
        ? "to train: rdd train \(word)"
        : nearest(to: word, among: names).map { "did you mean \($0)?" } ?? "see --help"
      throw ValidationError(
        "command: found '\(word.prefix(80))'; expected \(names.joined(separator: ", ")); \(remedy)")
    }
  }

  /// Whether the command line itself is wrong, so that usage helps.
  private static func isUsage(_ error: any Error) -> Bool {
    exitCode(for: error) == .validationFailure
  }
}
