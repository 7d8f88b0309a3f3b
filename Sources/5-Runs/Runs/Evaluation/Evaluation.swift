import DataParallel
import Dispatch
import Files
import Foundation
import Recipes
import Steps
import Torch

/// Measuring weights outside a run.
package enum Evaluation {
  /// The scores of a recipe's student with other weights. Collective.
  ///
  /// - Parameters:
  ///   - recipe: network, validation images, scales and mirroring.
  ///   - weights: the student's.
  ///   - coordinator: the ranks.
  ///   - progress: where it is shown how many images are done; nil on ranks that do not speak.
  /// - Throws: one line that names the file and what is wrong with it; also where the scores would mean
  ///   nothing: logits that are not finite, images without one labelled pixel.
  package static func run(
    _ recipe: Recipe, weights: String, coordinator: Coordinator, progress: Progress? = nil
  ) throws -> ValidationLine {
    let begin = DispatchTime.now().uptimeNanoseconds
    let device = try recipe.device(localRank: coordinator.world.localRank)
    let network = try NetworkFactory.student(recipe, device: device, weights: weights)
    let source = try DataSources(recipe.data).validation
    let evaluator = Evaluator(source, recipe, reducer: coordinator.reducer)
    Heartbeat.process.begin(.validation, "validation", iteration: 0)
    let share = Shard.range(
      of: source.count, rank: coordinator.rank, worldSize: coordinator.worldSize)
    let count = ImageCount(progress, "eval", share: share.count, of: source.count)
    let measured = try evaluator.measure(network, tell: count.add)
    progress?.close()
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
  package var json: String { get throws { try JSONText.of(self) } }

  /// Lines of `class,iou`, the head first; the IoU of a class that occurs nowhere is empty.
  package var csv: String {
    let rows = zip(classNames, classIoU).map { name, iou in
      let isPlain = !name.contains { ",\"".contains($0) || $0.isNewline }
      let field = isPlain ? name : "\"\(name.replacingOccurrences(of: "\"", with: "\"\""))\""
      return "\(field),\(iou.map { "\($0)" } ?? "")"
    }
    return (["class,iou"] + rows).joined(separator: "\n")
  }
}
