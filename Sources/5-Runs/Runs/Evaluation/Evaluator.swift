import DataParallel
import Datasets
import Difficulty
import Logging
import Networks
import Recipes
import Reduction
import Steps

/// Measures a network on a set of images that is shared out exactly over the ranks.
package struct Evaluator {
  /// A network's scores on all images, equal on all ranks.
  package struct Measurement: Sendable {
    /// The counts of pixels by label and prediction.
    package var matrix: ConfusionMatrix
    /// What makes the scores mean less than they seem to: found, expected, what to do.
    package var faults: [String] = []
  }

  private let source: any SampleSource
  private let reducer: any Reducer
  private let recipe: Recipe

  /// An evaluator of a recipe's validation images.
  package init(_ source: any SampleSource, _ recipe: Recipe, reducer: any Reducer) {
    self.source = source
    self.recipe = recipe
    self.reducer = reducer
  }

  /// The confusion matrix over all images, equal on all ranks. Collective.
  ///
  /// No image counts twice and counts are integers, so any number of ranks gives the same matrix. Rank 0
  /// warns of scores that mean less than they seem to.
  ///
  /// - Parameters:
  ///   - network: what is measured.
  ///   - tell: told how many images this rank has just measured.
  /// - Throws: `RankFailure`, equal on all ranks, of an image that cannot be read, naming its file.
  package func confusion(
    _ network: SegmentationNetwork, tell: (Int) -> Void = { _ in }
  ) throws -> ConfusionMatrix {
    let measured = try measure(network, tell: tell)
    if reducer.rank == 0 {
      for fault in measured.faults { Logger(label: "rdd").warning("validation: found \(fault)") }
    }
    return measured.matrix
  }

  /// The confusion matrix over all images and what is wrong with it, equal on all ranks. Collective.
  ///
  /// - Parameters:
  ///   - network: what is measured.
  ///   - tell: told how many images this rank has just measured.
  /// - Throws: `RankFailure`, equal on all ranks, of an image that cannot be read, naming its file.
  package func measure(
    _ network: SegmentationNetwork, tell: (Int) -> Void = { _ in }
  ) throws -> Measurement {
    let evaluation = recipe.evaluation
    let predictor = Predictor(
      network, recipe, scales: evaluation.scales, flip: evaluation.flip)
    var matrix = ConfusionMatrix(classCount: network.classCount)
    var samples: [LabelledImage] = []
    var broken: [Int] = []
    func count(before end: Int) throws {
      guard !samples.isEmpty else { return }
      let answers = try predictor.answers(samples.map(\.image))
      for (offset, (sample, answer)) in zip(samples, answers).enumerated() {
        matrix.add(labels: sample.labels.pixels, predictions: answer.classes.pixels)
        if !answer.isFinite { broken.append(end - samples.count + offset) }
      }
      tell(samples.count)
      samples = []
      Heartbeat.process.beat("validation")
    }
    let share = Shard.range(
      of: source.count, rank: reducer.rank, worldSize: reducer.worldSize)
    var failure: (any Error)?
    do {
      for index in share {
        let sample = try source.sample(index)
        let isSameSize =
          samples.last.map {
            $0.image.width == sample.image.width && $0.image.height == sample.image.height
          } ?? true
        if !isSameSize || samples.count == evaluation.batchSize { try count(before: index) }
        samples.append(sample)
      }
      try count(before: share.upperBound)
    } catch {
      failure = error
    }
    return try add(matrix, broken, failure)
  }

  /// Adds what all ranks have counted; `broken` are images whose logits are not finite. Collective.
  ///
  /// - Throws: `RankFailure` on all ranks if one of them could not read an image.
  private func add(
    _ matrix: ConfusionMatrix, _ broken: [Int], _ failure: (any Error)?
  ) throws(RankFailure) -> Measurement {
    // One sum: the counts, then how many ranks failed, how many images are broken, and the first of them of
    // each rank, from 1.
    var sums = matrix.counts + [failure == nil ? 0 : 1, Int64(broken.count)]
    let firsts = sums.count
    sums += [Int64](repeating: 0, count: reducer.worldSize)
    sums[firsts + reducer.rank] = broken.first.map { Int64($0) + 1 } ?? 0
    reducer.sum(&sums)
    var measured = Measurement(matrix: matrix)
    if sums[matrix.counts.count] > 0,
      let failed = RankFailure.first(failure, code: TrainingError.exitCode(of:), reducer)
    {
      throw failed
    }
    measured.matrix.counts = Array(sums[..<matrix.counts.count])
    if let first = sums[firsts...].first(where: { $0 > 0 }) {
      measured.faults.append(
        "logits that are not finite in \(sums[firsts - 1]) of \(source.count) images, first in "
          + "\(source.name(Int(first) - 1)); expected finite ones, without which no score means "
          + "anything; \(TrainingError.overflowAdvice)")
    }
    if measured.matrix.counts.allSatisfy({ $0 == 0 }) {
      measured.faults.append(
        "no labelled pixel in \(source.count) images; expected some to measure by; "
          + recipe.data.labelAdvice("data.validation_list"))
    }
    return measured
  }
}

extension TrainingError {
  /// What to do about a network whose activations overflow.
  static let overflowAdvice = "take weights that were saved before their training broke"

  /// An image of which a network says what is no number; `network` is a name or a file.
  package static func notFinite(_ place: String, _ network: String) -> TrainingError {
    TrainingError(
      .badData,
      "\(place): found logits of \(network) that are not finite; expected finite ones; "
        + overflowAdvice)
  }
}
