import DataParallel
import Datasets
import Difficulty
import Networks
import Recipes
import Reduction

/// Measures a network on a set of images that is shared out exactly over the ranks.
public struct Evaluator {
  private let source: any SampleSource
  private let reducer: any Reducer
  private let recipe: Recipe

  /// An evaluator of a recipe's validation images.
  public init(_ source: any SampleSource, _ recipe: Recipe, reducer: any Reducer) {
    self.source = source
    self.recipe = recipe
    self.reducer = reducer
  }

  /// The confusion matrix over all images, equal on all ranks. Collective.
  ///
  /// No image counts twice and counts are integers, so any number of ranks gives the same matrix.
  ///
  /// - Throws: the error of an image that cannot be read, naming its file.
  public func confusion(_ network: SegmentationNetwork) throws -> ConfusionMatrix {
    let evaluation = recipe.evaluation
    let predictor = Predictor(
      network, recipe, scales: evaluation.scales, flip: evaluation.flip)
    var matrix = ConfusionMatrix(classCount: network.classCount)
    var samples: [LabelledImage] = []
    func count() {
      guard !samples.isEmpty else { return }
      let predicted = predictor.classes(samples.map(\.image))
      for (sample, answer) in zip(samples, predicted) {
        matrix.add(labels: sample.labels.pixels, predictions: answer.pixels)
      }
      samples = []
      Heartbeat.process.beat("validation")
    }
    let share = Shard.range(
      of: source.count, rank: reducer.rank, worldSize: reducer.worldSize)
    for index in share {
      let sample = try source.sample(index)
      let isSameSize =
        samples.last.map {
          $0.image.width == sample.image.width && $0.image.height == sample.image.height
        } ?? true
      if !isSameSize || samples.count == evaluation.batchSize { count() }
      samples.append(sample)
    }
    count()
    reducer.sum(&matrix.counts)
    return matrix
  }
}
