import Foundation

/// Runs side by side: mean and spread over seeds, and differences with their uncertainty.
public struct Comparison: Sendable, Encodable {
  /// Which weights a comparison is about.
  public enum Weights: String, Sendable, CaseIterable, Encodable {
    /// Those at the end, which no validation chose.
    case last
    /// Those of the best validation: chosen on the images that they are measured on.
    case best
  }

  /// What the runs of a group reached.
  public struct Row: Sendable, Encodable {
    /// The group's name.
    public let name: String
    /// The runs' folders.
    public let runs: [String]
    /// Their seeds.
    public let seeds: [Int]
    /// Mean IoU in percent.
    public let meanIoU: Spread
    /// The share of valid pixels that are right, in percent.
    public let pixelAccuracy: Spread
    /// Seconds of training and validation.
    public let seconds: Spread
    /// Whether a run has not reached its recipe's last iteration.
    public let isUnfinished: Bool
    /// Lines of the runs' metrics that could not be read, and are left out.
    public let damagedLines: Int

    enum CodingKeys: String, CodingKey {
      case name, runs, seeds
      case meanIoU = "mean_iou_percent"
      case pixelAccuracy = "pixel_accuracy_percent"
      case seconds
      case isUnfinished = "unfinished"
      case damagedLines = "damaged_lines"
    }
  }

  /// How two groups differ in mean IoU.
  public struct Pair: Sendable, Encodable {
    /// The group from whose mean the other's is taken.
    public let first: String
    /// The other.
    public let second: String
    /// In points of percent.
    public let difference: Difference
  }

  /// Which weights were compared.
  public let weights: Weights
  /// A row for each group, in the order given.
  public let rows: [Row]
  /// Each group with each one before it.
  public let pairs: [Pair]

  /// Compares groups of runs.
  public init(_ groups: [RunGroup], weights: Weights) {
    self.weights = weights
    func score(_ run: RunRecord) -> Double {
      100 * (weights == .last ? run.last : run.best).meanIoU
    }
    rows = groups.map { group in
      Row(
        name: group.name, runs: group.runs.map(\.path), seeds: group.seeds,
        meanIoU: Spread(group.runs.map(score)),
        pixelAccuracy: Spread(
          group.runs.map { 100 * (weights == .last ? $0.last : $0.best).pixelAccuracy }),
        seconds: Spread(group.runs.map(\.seconds)),
        isUnfinished: group.runs.contains { !$0.isFinished },
        damagedLines: group.runs.reduce(0) { $0 + $1.damagedLines })
    }
    pairs = groups.indices.flatMap { later in
      (0..<later).map { earlier in
        Pair(
          first: groups[later].name, second: groups[earlier].name,
          difference: Self.difference(groups[later], groups[earlier], score))
      }
    }
  }

  /// Over the seeds that both groups have; else of the groups' means.
  private static func difference(
    _ first: RunGroup, _ second: RunGroup, _ score: (RunRecord) -> Double
  ) -> Difference {
    let shared = first.runs.compactMap { run in
      second.runs.first { $0.recipe.train.seed == run.recipe.train.seed }
        .map { (score(run), score($0)) }
    }
    if !shared.isEmpty, Set(first.seeds).count == first.seeds.count {
      return Difference(pairs: shared)
    }
    return Difference(first.runs.map(score), second.runs.map(score))
  }

  /// One JSON object.
  public var json: String {
    get throws {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      return String(decoding: try encoder.encode(self), as: UTF8.self)
    }
  }
}
