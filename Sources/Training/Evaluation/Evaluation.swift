import DataParallel
import Dispatch
import Foundation
import Recipes
import Torch

/// Measuring weights outside a run.
public enum Evaluation {
  /// The scores of a recipe's student with other weights. Collective.
  ///
  /// - Throws: one line that names the file and what is wrong with it; also where the scores would mean
  ///   nothing: logits that are not finite, images without one labelled pixel.
  public static func run(
    _ recipe: Recipe, weights: String, coordinator: Coordinator
  ) throws -> ValidationLine {
    let begin = DispatchTime.now().uptimeNanoseconds
    let device = try recipe.device(localRank: coordinator.world.localRank)
    let network = try NetworkFactory.student(recipe, device: device, weights: weights)
    let source = try DataSources(recipe.data).validation
    let evaluator = Evaluator(source, recipe, reducer: coordinator.reducer)
    Heartbeat.process.begin(.validation, "validation", iteration: 0)
    let measured = try evaluator.measure(network)
    if let fault = measured.faults.first {
      throw TrainingError(.badData, "eval: \(weights): found \(fault)")
    }
    return ValidationLine(
      measured.matrix, recipe, classes: source.classes, iteration: nil, images: source.count,
      seconds: Double(DispatchTime.now().uptimeNanoseconds - begin) / 1e9)
  }
}

extension ValidationLine {
  /// One JSON object.
  public var json: String {
    get throws {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      return String(decoding: try encoder.encode(self), as: UTF8.self)
    }
  }
}
