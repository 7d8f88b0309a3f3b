import Files
import Foundation
import Tools

/// How a step's time changes with the number of ranks, measured and projected.
package struct Scaling: Sendable, Encodable {
  /// Steps on one number of ranks.
  package struct Point: Sendable, Encodable {
    /// The number of ranks.
    package let ranks: Int
    /// Images of a step over all ranks.
    package let batchSize: Int
    /// Seconds of a step, the median.
    package let seconds: Double
    /// Seconds of processor time of a step and rank, which other programs change less.
    package let processorSeconds: Double
    /// Images a second and rank, relative to the series' fewest ranks.
    package let efficiency: Double
    /// The share of the step in which gradients are waited for.
    package let exposedShare: Double
    /// The share of the step inside small collectives.
    package let collectiveShare: Double

    /// Images a second of all ranks.
    package var imagesPerSecond: Double { Double(batchSize) / max(seconds, 1e-9) }

    enum CodingKeys: String, CodingKey {
      case ranks, seconds, efficiency
      case batchSize = "batch_size"
      case processorSeconds = "processor_seconds"
      case exposedShare = "exposed_share"
      case collectiveShare = "collective_share"
    }
  }

  /// Steps that differ in the number of ranks alone.
  package struct Series: Sendable, Encodable {
    /// weak: so many images a rank; strong: so many in all.
    package let kind: String
    /// How many images.
    package let images: Int
    /// By the number of ranks.
    package let points: [Point]
  }

  /// Series of equal images a rank.
  package let weak: [Series]
  /// Series of equal images in all.
  package let strong: [Series]
  /// What is to be expected of more ranks; nil without two measured ones or sums of gradients.
  package let projection: ScalingProjection?

  /// Sorts measured steps into series and projects the longest weak one.
  ///
  /// - Parameters:
  ///   - steps: what `rdd bench step --json` measured, of one recipe and one number of threads.
  ///   - sums: what `rdd bench allreduce --json` measured between the same ranks.
  ///   - linkGigabits: what the link of each rank carries in a second, in place of `sums`.
  /// - Throws: `ReportError` if the steps differ in more than ranks and images, or none do.
  package init(
    _ steps: [StepTimings], sums: AllreduceBench.Timings? = nil, linkGigabits: Double? = nil
  ) throws {
    let kinds = Set(
      steps.map { "\($0.crop) \($0.precision) \($0.threads) threads \($0.stages)" })
    guard kinds.count == 1 else {
      throw ReportError(
        description: "scaling: found steps of \(kinds.sorted().joined(separator: " and ")); "
          + "expected those of one recipe and as many threads a rank; measure them again")
    }
    weak = Self.series("weak", Dictionary(grouping: steps) { $0.batchSize / $0.ranks })
    strong = Self.series("strong", Dictionary(grouping: steps) { $0.batchSize })
    guard !weak.isEmpty || !strong.isEmpty else {
      throw ReportError(
        description: "scaling: found no two steps of equal images, in all or a rank, on different "
          + "numbers of ranks; expected some; see launch/bench/scaling")
    }
    let longest = weak.max { ($0.points.count, $0.images) < ($1.points.count, $1.images) }
    let last = longest.flatMap { series in
      steps.last {
        $0.ranks == series.points.last?.ranks && $0.batchSize == series.images * $0.ranks
      }
    }
    let base = longest?.points.first.map { $0.imagesPerSecond / Double($0.ranks) }
    projection = last.flatMap { step in
      base.flatMap {
        ScalingProjection(step, base: $0, sums: sums, linkGigabits: linkGigabits)
      }
    }
  }

  private static func series(_ kind: String, _ groups: [Int: [StepTimings]]) -> [Series] {
    groups.sorted { $0.key < $1.key }.compactMap { images, steps in
      // Of steps measured twice the last counts.
      let byRanks = Dictionary(steps.map { ($0.ranks, $0) }) { $1 }.sorted { $0.key < $1.key }
      guard byRanks.count > 1, let first = byRanks.first?.value else { return nil }
      let base = first.imagesPerSecond / Double(first.ranks)
      return Series(
        kind: kind, images: images,
        points: byRanks.map { ranks, step in
          let whole = max(step.step.median, 1e-9)
          return Point(
            ranks: ranks, batchSize: step.batchSize, seconds: step.step.median,
            processorSeconds: step.processor.median,
            efficiency: step.imagesPerSecond / Double(ranks) / max(base, 1e-9),
            exposedShare: (step.phases["communication"]?.median ?? 0) / whole,
            collectiveShare: step.collectives.median / whole)
        })
    }
  }

  /// One JSON object.
  package var json: String { get throws { try JSONText.of(self, isPretty: true) } }
}

/// What a weak series becomes on more ranks, by a model of measured figures.
///
/// A step is what a rank computes by itself, its small sums, and what backward does not hide of the
/// gradients' sum. Small sums take longer with the logarithm of the ranks; the gradients of a ring
/// of n ranks pass each link 2 (n - 1) / n times.
package struct ScalingProjection: Sendable, Encodable {
  /// Expected steps on one number of ranks.
  package struct Point: Sendable, Encodable {
    /// The number of ranks.
    package let ranks: Int
    /// Seconds of a step.
    package let seconds: Double
    /// Images a second of all ranks.
    package let imagesPerSecond: Double
    /// Images a second and rank, relative to the series' fewest ranks.
    package let efficiency: Double

    enum CodingKeys: String, CodingKey {
      case ranks, seconds, efficiency
      case imagesPerSecond = "images_per_second"
    }
  }

  /// The number of ranks of the measured step.
  package let measuredRanks: Int
  /// Images a rank.
  package let images: Int
  /// Seconds that a rank computes by itself.
  package let computeSeconds: Double
  /// Seconds inside small sums, measured.
  package let collectiveSeconds: Double
  /// Seconds of backward, behind which gradients are summed.
  package let backwardSeconds: Double
  /// Bytes of gradients.
  package let gradientBytes: Int
  /// Bytes a second that each rank's link carries: measured, or as it was given.
  package let linkBytesPerSecond: Double
  /// Whether the link was given and not measured.
  package let isLinkGiven: Bool
  /// The measured number of ranks, then twice as many, and so on.
  package let points: [Point]

  enum CodingKeys: String, CodingKey {
    case images, points
    case measuredRanks = "measured_ranks"
    case computeSeconds = "compute_seconds"
    case collectiveSeconds = "collective_seconds"
    case backwardSeconds = "backward_seconds"
    case gradientBytes = "gradient_bytes"
    case linkBytesPerSecond = "link_bytes_per_second"
    case isLinkGiven = "link_given"
  }

  /// A projection of a step of two ranks or more; nil where nothing says how fast links are.
  ///
  /// - Parameters:
  ///   - step: the measured step.
  ///   - base: images a second and rank on the series' fewest ranks.
  ///   - sums: how fast gradients were summed.
  ///   - linkGigabits: a link in place of that.
  init?(
    _ step: StepTimings, base: Double, sums: AllreduceBench.Timings?, linkGigabits: Double?
  ) {
    guard step.ranks > 1 else { return nil }
    let nearest = sums?.rows.filter { sums?.ranks == step.ranks && $0.bucketSeconds > 0 }.min {
      abs($0.bytes - step.gradientBytes) < abs($1.bytes - step.gradientBytes)
    }
    let measured = nearest.map {
      Self.ring(step.ranks) * Double($0.bytes) / $0.bucketSeconds
    }
    guard let link = linkGigabits.map({ $0 * 1e9 / 8 }) ?? measured else { return nil }
    let exposed = step.phases["communication"]?.median ?? 0
    let images = step.batchSize / step.ranks
    let compute = max(step.step.median - step.collectives.median - exposed, 0)
    let (small, backward) = (step.collectives.median, step.phases["backward"]?.median ?? 0)
    measuredRanks = step.ranks
    self.images = images
    computeSeconds = compute
    collectiveSeconds = small
    backwardSeconds = backward
    gradientBytes = step.gradientBytes
    linkBytesPerSecond = link
    isLinkGiven = linkGigabits != nil
    points = (0..<6).map { doublings in
      let ranks = step.ranks << doublings
      let sum = Self.ring(ranks) * Double(step.gradientBytes) / link
      let seconds =
        compute + small * log2(Double(ranks)) / log2(Double(step.ranks)) + max(sum - backward, 0)
      return Point(
        ranks: ranks, seconds: seconds,
        imagesPerSecond: Double(images * ranks) / max(seconds, 1e-9),
        efficiency: Double(images) / max(seconds, 1e-9) / max(base, 1e-9))
    }
  }

  /// How often the bytes pass each link of a ring.
  private static func ring(_ ranks: Int) -> Double { 2 * Double(ranks - 1) / Double(ranks) }
}
