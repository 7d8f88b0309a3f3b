import ArgumentParser
import Files
import Foundation
import Logging
import Runs

/// `rdd watch`: a run that is going on, followed by its files.
struct Watch: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Follow a run that is going on: its validations, and how far it is.",
    discussion: """
      It reads the run's files alone, so it may be started and ended at any time, on any host that \
      sees them; without a terminal the last iteration is told every half minute. It ends with the run's last validation, or by ^C. Beside it, TensorBoard draws \
      RUN/tensorboard, and rdd report what there is so far.

        rdd watch runs/quickstart
      """)

  @Argument(help: ArgumentHelp("The run's folder.", valueName: "run"))
  var folder: String

  @Flag(help: "Print what there is now, and end.")
  var once = false

  func run() throws {
    LoggingSystem.bootstrap { _ in LineLogHandler() }
    let progress = Runs.Progress(Logger(label: "rdd"))
    let watch = try RunWatch(folder: folder, progress)
    while Console.printFailure == nil {
      let news = try watch.look()
      if !news.rows.isEmpty {
        progress.close()
        Console.show(news.rows.joined(separator: "\n"))
      }
      if once, let last = news.last { Console.show(last) }
      if news.isComplete || once { break }
      usleep(1_000_000)
    }
    progress.close()
  }
}
