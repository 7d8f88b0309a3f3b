import ArgumentParser
import Files
import Foundation
import Reports
import Runs
import Steps
import Tools

/// `rdd bench scaling`: measured steps on different numbers of ranks, side by side.
struct BenchScaling: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "scaling",
    abstract: "Put measured steps on 1, 2, 4, ... ranks side by side, and project more ranks.",
    discussion: """
      Reads what `rdd bench step --json` printed: a file for each number of ranks. \
      launch/bench/scaling measures them and ends with this command.

        mpirun -n 1 rdd bench step RECIPE --json > 1.json
        mpirun -n 2 rdd bench step RECIPE --json --set train.batch_size=16 > 2.json
        mpirun -n 2 rdd bench allreduce --json > sums.json
        rdd bench scaling 1.json 2.json --sums sums.json --picture scaling.svg
      """)

  @Argument(help: "Files of bench step.", completion: .file(extensions: ["json"]))
  var files: [String]

  @Option(
    help: "A file of bench allreduce on the most ranks: how fast gradients are summed.",
    completion: .file(extensions: ["json"]))
  var sums: String?

  @Option(help: "Gigabits a second of each rank's link, to project instead of the measured sums.")
  var gigabits: Double?

  @Option(help: "The picture's file, SVG; one that is there is replaced.", completion: .file())
  var picture: String?

  @Flag(help: "Print one JSON object.")
  var json = false

  func validate() throws {
    if let gigabits, !(gigabits > 0 && gigabits.isFinite) {
      throw ValidationError("--gigabits \(gigabits); expected more than 0")
    }
  }

  func run() throws {
    let steps = try files.map { try Self.read($0, as: StepTimings.self, of: "step") }
    let sums = try sums.map { try Self.read($0, as: AllreduceBench.Timings.self, of: "allreduce") }
    let scaling = try Scaling(steps, sums: sums, linkGigabits: gigabits)
    if let picture {
      try OutputText(of: "scaling", option: "--picture").write(scaling.picture, to: picture)
    }
    Console.print(json ? try scaling.json : scaling.table)
  }

  private static func read<Value: Decodable>(
    _ path: String, as type: Value.Type, of bench: String
  ) throws -> Value {
    guard let bytes = try WholeFile.bytes(path, limit: 64 << 20) else {
      throw TrainingError(
        .missingInput,
        "scaling: \(path): found no file; expected what rdd bench \(bench) --json prints")
    }
    guard let value = try? JSONDecoder().decode(type, from: Data(bytes)) else {
      throw TrainingError(
        .badData,
        "scaling: \(path): found something else; expected what rdd bench \(bench) --json prints")
    }
    return value
  }
}
