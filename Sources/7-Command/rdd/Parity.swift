import ArgumentParser
import Difficulty
import Files
import Foundation
import Parity
import Steps
import Tools
import Torch

/// `rdd parity`: the numbers of this build beside reference numbers.
struct ParityCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "parity",
    abstract: "Compare what this build computes with files of reference numbers.",
    discussion: """
      A line for each expected tensor; exit code 0 if all of them are within their tolerances, 1 if \
      one is not, 65 for a file that cannot be read or is of no known kind.

        rdd parity Tests/Fixtures/golden
        mpirun -n 2 rdd parity Tests/Fixtures/golden --precision float64
      """)

  /// The type that is computed in.
  enum Precision: String, ExpressibleByArgument, CaseIterable {
    case float32
    case float64
  }

  @Argument(
    help: "Files of reference numbers (safetensors), or folders of them.",
    completion: .file(extensions: ["safetensors"]))
  var files: [String]

  @Flag(help: "Print one JSON object.")
  var json = false

  @Option(help: "The type to compute in: float32 or float64.")
  var precision = Precision.float32

  @Option(
    help: ArgumentHelp(
      "What computes the losses: fused or reference. By default fused, and reference in float64.",
      valueName: "engine"))
  var engine: TaskLoss.Engine?

  @Option(help: "Where networks and the reference engine compute: cpu, cuda or cuda:INDEX.")
  var device = Device.cpu

  @Option(
    help: ArgumentHelp("Ranks to simulate as threads of this process.", valueName: "count"))
  var ranksSimulated: Int?

  func validate() throws {
    if files.isEmpty { throw ValidationError("name a file or a folder") }
    if precision == .float64, engine == .fused {
      throw ValidationError("--engine fused computes in float32; use --engine reference")
    }
    if let ranksSimulated, !(1...64).contains(ranksSimulated) {
      throw ValidationError("--ranks-simulated \(ranksSimulated); expected 1 to 64")
    }
  }

  func run() throws {
    let world = try Job.startWorld()
    if ranksSimulated != nil, world.worldSize > 1 {
      throw ValidationError("--ranks-simulated is for one process; leave it out under mpirun")
    }
    if device != .cpu, !TorchRuntime.cudaIsAvailable {
      throw TrainingError(
        .badWorld, "device: --device: found no CUDA device; expected one; use --device cpu")
    }
    let coordinator = try Coordinator(world)
    try coordinator.requireThreads(.measuring)
    TorchRuntime.threads = coordinator.threadCount
    if coordinator.isLead, coordinator.instructions.isLowered {
      Console.say("rdd: instructions: \(coordinator.instructions)")
    }
    var report = ParityReport()
    let found = try ParityFile.files(at: files)
    let run = ParityRun(
      engine: engine ?? (precision == .float64 ? .reference : .fused),
      precision: precision == .float64 ? .float64 : .float32, device: device,
      threadCount: coordinator.threadCount, reducer: coordinator.reducer)
    for file in found {
      let lines =
        try ranksSimulated.map { try ParityCheck.lines(file, run, simulatedRanks: $0) }
        ?? ParityCheck.lines(file, run)
      report.lines += lines
      if !json, coordinator.isLead { lines.forEach { Console.show($0.text) } }
    }
    if coordinator.isLead { Console.print(json ? try report.json : report.lastLine) }
    try Job.finalize(coordinator.world, code: report.isGood ? 0 : 1)
    try Job.requireResults()
    if !report.isGood { Foundation.exit(1) }
  }
}

extension TaskLoss.Engine: ExpressibleByArgument {}

extension Device: ExpressibleByArgument {
  /// A device by the name that LibTorch gives it.
  package init?(argument: String) {
    let parts = argument.split(separator: ":", omittingEmptySubsequences: false)
    switch (parts.first, parts.count) {
    case ("cpu", 1): self = .cpu
    case ("cuda", 1): self = .cuda(0)
    case ("cuda", 2):
      guard let index = Int(parts[1]), (0..<64).contains(index) else { return nil }
      self = .cuda(index)
    default: return nil
    }
  }

  /// The name, for help texts.
  package var defaultValueDescription: String {
    switch self {
    case .cpu: "cpu"
    case .cuda(let index): "cuda:\(index)"
    }
  }
}
