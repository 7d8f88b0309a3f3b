import Foundation
import Recipes
import Steps

/// What the steps of a bench took, on all ranks.
package struct StepTimings: Codable, Sendable {
  /// One quantity over steps and ranks.
  package struct Spread: Codable, Sendable {
    /// The median over all steps and ranks.
    package let median: Double
    /// The smallest of all.
    package let minimum: Double
    /// The largest of all; nil in results of earlier versions.
    package let maximum: Double?
    /// Each rank's median, by rank.
    package let ranks: [Double]
  }

  /// One quantity in the first and in the last third of the steps, in the rank where it is largest.
  package struct Trend: Codable, Sendable {
    /// The median of the first third.
    package let first: Double
    /// The median of the last third.
    package let last: Double
    /// Whether the two are within 2 %.
    package let isFlat: Bool

    enum CodingKeys: String, CodingKey {
      case first = "first_third"
      case last = "last_third"
      case isFlat = "flat"
    }
  }

  /// The number of ranks.
  package let ranks: Int
  /// Compute threads of each rank.
  package let threads: Int
  /// Images of a step over all ranks.
  package let batchSize: Int
  /// Height and width of the images.
  package let crop: [Int]
  /// The number format of the networks.
  package let precision: String
  /// The stages of the steps.
  package let stages: [String]
  /// The number of timed steps.
  package let steps: Int
  /// Steps whose update was left out: something was not finite.
  package let skippedUpdates: Int
  /// Seconds of a step.
  package let step: Spread
  /// Seconds of processor time of a step, which other programs on the machine change less.
  package let processor: Spread
  /// Seconds of each phase; a phase that does not occur is left out.
  package let phases: [String: Spread]
  /// Seconds inside small collectives, which are parts of the phases.
  package let collectives: Spread
  /// Images a second of all ranks, at the median step.
  package let imagesPerSecond: Double
  /// The largest rank's most bytes so far.
  package let peakBytes: Double
  /// Bytes in memory after a step.
  package let residentBytes: Trend
  /// Bytes of all gradients that are summed over the ranks in a step.
  package let gradientBytes: Int
  /// Pages fresh to the process in a step: what is allocated anew costs more than a sweep over it.
  package let freshPages: Spread

  enum CodingKeys: String, CodingKey {
    case ranks, threads
    case batchSize = "batch_size"
    case crop, precision, stages, steps
    case skippedUpdates = "skipped_updates"
    case step = "step_seconds"
    case processor = "processor_seconds"
    case phases = "phase_seconds"
    case collectives = "collective_seconds"
    case imagesPerSecond = "images_per_second"
    case peakBytes = "peak_bytes"
    case residentBytes = "resident_bytes"
    case freshPages = "fresh_pages"
    case gradientBytes = "gradient_bytes"
  }

  /// Gathers what every rank measured. Collective.
  init(_ recipe: Recipe, _ samples: [StepBench.Sample], coordinator: Coordinator) throws {
    func spread(_ value: (StepBench.Sample) -> Double) throws -> Spread {
      try Self.spread(gathered(value))
    }
    func gathered(_ value: (StepBench.Sample) -> Double) throws -> [[Double]] {
      try coordinator.gathered(samples.map(value))
    }
    ranks = coordinator.worldSize
    threads = coordinator.threadCount
    batchSize = recipe.train.batchSize
    crop = [recipe.data.cropHeight, recipe.data.cropWidth]
    precision = recipe.train.precision.rawValue
    stages = samples.reduce(into: []) { stages, sample in
      if !stages.contains(sample.stage.rawValue) { stages.append(sample.stage.rawValue) }
    }
    steps = samples.count
    skippedUpdates = samples.count { $0.isSkipped }
    step = try spread(\.seconds)
    processor = try spread(\.processorSeconds)
    var phases: [String: Spread] = [:]
    for phase in Phase.allCases {
      let times = try spread { $0.phases[phase] ?? 0 }
      if times.ranks.contains(where: { $0 > 0 }) { phases[phase.rawValue] = times }
    }
    self.phases = phases
    collectives = try spread(\.collectiveSeconds)
    imagesPerSecond = Double(batchSize) / max(step.median, 1e-9)
    peakBytes = try coordinator.maximum(Double(ProcessUsage().peakBytes))
    residentBytes = Self.trend(try gathered(\.residentBytes))
    freshPages = try spread(\.freshPages)
    gradientBytes = samples.first?.gradientBytes ?? 0
  }

  /// Of the values of each rank, by step.
  package static func spread(_ values: [[Double]]) -> Spread {
    let all = values.flatMap { $0 }
    return Spread(
      median: BenchTimes.median(all), minimum: all.min() ?? 0, maximum: all.max() ?? 0,
      ranks: values.map { BenchTimes.median($0) })
  }

  /// Of the rank that holds most in the last third.
  package static func trend(_ values: [[Double]]) -> Trend {
    let thirds = values.map { steps in
      let count = max(steps.count / 3, 1)
      return (
        first: BenchTimes.median(Array(steps.prefix(count))),
        last: BenchTimes.median(Array(steps.suffix(count)))
      )
    }
    let largest = thirds.max { $0.last < $1.last } ?? (0, 0)
    return Trend(
      first: largest.first, last: largest.last,
      isFlat: abs(largest.last - largest.first) <= 0.02 * largest.first)
  }
}

extension StepTimings {
  /// One JSON object.
  package var json: String { get throws { try BenchTimes.json(self) } }

  /// Lines for people; times in milliseconds.
  package var table: String {
    let threadText = "\(threads) thread\(threads == 1 ? "" : "s")"
    var lines = [
      "\(batchSize) images of \(crop[0]) x \(crop[1]) on \(ranks) rank\(ranks == 1 ? "" : "s") x "
        + "\(threadText), \(precision), \(stages.joined(separator: ", ")): \(steps) steps",
      BenchTimes.row(
        "milliseconds", ["median", "least", "share"] + (0..<ranks).map { "rank \($0)" }),
    ]
    for phase in Phase.allCases {
      if let times = phases[phase.rawValue] { lines.append(row(phase.rawValue, times)) }
    }
    lines.append(row("step", step))
    lines.append(row("processor time", processor))
    if ranks > 1 { lines.append(row("in collectives", collectives)) }
    let memory = residentBytes
    lines += [
      String(format: "images/s       %.3f", imagesPerSecond),
      "memory         peak \(ByteCount.text(Int(peakBytes))); first third "
        + "\(ByteCount.text(Int(memory.first))), last third \(ByteCount.text(Int(memory.last))): "
        + (memory.isFlat ? "flat" : "not flat"),
      String(format: "fresh pages    %.0f a step", freshPages.median),
    ]
    if skippedUpdates > 0 { lines.append("skipped        \(skippedUpdates) updates, not finite") }
    return lines.joined(separator: "\n")
  }

  private func row(_ name: String, _ times: Spread) -> String {
    let cells = [
      Self.milliseconds(times.median), Self.milliseconds(times.minimum),
      String(format: "%.1f %%", 100 * times.median / max(step.median, 1e-9)),
    ]
    return BenchTimes.row(name, cells + times.ranks.map(Self.milliseconds))
  }

  private static func milliseconds(_ seconds: Double) -> String {
    String(format: "%.1f", 1e3 * seconds)
  }
}
