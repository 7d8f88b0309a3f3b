import Files
import Foundation

/// Runs side by side: mean and spread over seeds, and differences with their uncertainty.
package struct Comparison: Sendable, Encodable {
  /// Which weights a comparison is about.
  package enum Weights: String, Sendable, CaseIterable, Encodable {
    /// Those at the end, which no validation chose.
    case last
    /// Those of the best validation: chosen on the images that they are measured on.
    case best
  }

  /// What the runs of a group reached.
  package struct Row: Sendable, Encodable {
    /// The group's name.
    package let name: String
    /// The runs' folders.
    package let runs: [String]
    /// Their seeds.
    package let seeds: [Int]
    /// Mean IoU in percent.
    package let meanIoU: Spread
    /// The share of valid pixels that are right, in percent.
    package let pixelAccuracy: Spread
    /// Seconds of training and validation.
    package let seconds: Spread
    /// Images that the runs were measured on.
    package let images: Int
    /// Whether a run has not reached its recipe's last iteration.
    package let isUnfinished: Bool
    /// Lines of the runs' metrics that could not be read, and are left out.
    package let damagedLines: Int

    enum CodingKeys: String, CodingKey {
      case name, runs, seeds, images
      case meanIoU = "mean_iou_percent"
      case pixelAccuracy = "pixel_accuracy_percent"
      case seconds
      case isUnfinished = "unfinished"
      case damagedLines = "damaged_lines"
    }
  }

  /// How two groups differ in mean IoU.
  package struct Pair: Sendable, Encodable {
    /// The group from whose mean that of the second is subtracted.
    package let first: String
    /// The group whose mean is subtracted.
    package let second: String
    /// In points of percent; nil if the runs were not measured on the same.
    package let difference: Difference?
    /// Why there is no difference, in words; nil if there is one.
    package let obstacle: String?

    enum CodingKeys: String, CodingKey {
      case first, second, difference
      case obstacle = "not_comparable"
    }
  }

  /// Which weights were compared.
  package let weights: Weights
  /// A row for each group, in the order given.
  package let rows: [Row]
  /// The group from which all others are told; nil where all are told from each other.
  package let baseline: String?
  /// The differences that are told; see `init(_:weights:against:)`.
  package let pairs: [Pair]

  enum CodingKeys: String, CodingKey {
    case weights, rows, pairs
    case baseline = "against"
  }

  /// More groups than these would make more pairs than are read.
  private static let groupsInPairs = 3

  /// Compares groups of runs.
  ///
  /// All others are told from `baseline`. Without one, up to three groups are told from each other; more
  /// are told from that which learns from labels alone, and up to three of one network, as students are
  /// beside their teacher, also from each other.
  ///
  /// - Parameters:
  ///   - groups: one or more.
  ///   - weights: the last, or the best.
  ///   - baseline: the index of a group.
  package init(_ groups: [RunGroup], weights: Weights, against baseline: Int? = nil) {
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
        seconds: Spread(group.runs.map(\.seconds)), images: group.runs[0].last.images,
        isUnfinished: group.runs.contains { !$0.isFinished },
        damagedLines: group.runs.reduce(0) { $0 + $1.damagedLines })
    }
    func pair(_ first: RunGroup, _ second: RunGroup) -> Pair {
      let obstacle = first.obstacle(to: second)
      return Pair(
        first: first.name, second: second.name,
        difference: obstacle == nil ? Self.difference(first, second, score) : nil,
        obstacle: obstacle)
    }
    let told = Self.told(groups, from: baseline)
    self.baseline = told.baseline.map { groups[$0].name }
    pairs = told.pairs.map { pair(groups[$0.0], groups[$0.1]) }
  }

  /// Which groups are told from which, and which one all are told from.
  private static func told(
    _ groups: [RunGroup], from baseline: Int?
  ) -> (baseline: Int?, pairs: [(Int, Int)]) {
    func among(_ members: [Int]) -> [(Int, Int)] {
      members.indices.flatMap { later in (0..<later).map { (members[later], members[$0]) } }
    }
    func from(_ base: Int) -> [(Int, Int)] {
      groups.indices.filter { $0 != base }.map { ($0, base) }
    }
    if let baseline { return (baseline, from(baseline)) }
    guard groups.count > groupsInPairs else { return (nil, among(Array(groups.indices))) }
    func network(_ index: Int) -> String { groups[index].runs[0].recipe.student.network.rawValue }
    let peers = groups.indices.map { index in
      groups.indices.filter { network($0) == network(index) }
    }.reduce([]) { $1.count > $0.count ? $1 : $0 }
    let base = peers.first { groups[$0].runs[0].recipe.distill.method == .none } ?? peers[0]
    let others = peers.count > groupsInPairs ? [] : among(peers.filter { $0 != base })
    return (base, from(base) + others)
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

  /// One JSON object; numbers that are not finite are words.
  package var json: String {
    get throws { try JSONText.of(self, isPretty: true, spellsNumbers: true) }
  }
}
