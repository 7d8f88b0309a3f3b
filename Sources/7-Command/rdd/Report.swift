import ArgumentParser
import Files
import Reports
import Runs

/// `rdd report`: runs on one page.
struct Report: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Put runs on one self-contained HTML page: curves, scores, times and maps.",
    discussion: """
      The page needs no network and no other file, and can be read without its script. Runs that \
      still go on are shown as far as they are. Where pictures would make the page large, they are \
      smaller or fewer, and the page says so.

        rdd report runs/quickstart --out report.html
        rdd report runs/quickstart-kd runs/quickstart --out both.html
      """)

  @Argument(help: "Run folders.")
  var runs: [String]

  @Option(help: "The page's file; one that is there is replaced.")
  var out: String

  func validate() throws {
    if let refusal = RunFiles.refusal(ofTarget: out, option: "--out") {
      throw ValidationError(refusal)
    }
  }

  func run() throws {
    let folders = try runs.map { try RunRecord(folder: $0) }
    for warning in folders.flatMap(\.warnings) { Console.say("rdd: warning: \(warning)") }
    let page = ReportPage(folders)
    try OutputText(of: "report", option: "--out").write(page.html, to: out)
    Console.print(out)
  }
}
