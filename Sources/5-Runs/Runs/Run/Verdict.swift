import Foundation
import Recipes

extension Trainer.Summary {
  /// What a finished run comes to: the best and the last score, their definition, the time, and
  /// where the files are.
  ///
  /// - Parameter folder: the run's.
  package func verdict(folder: String) -> String {
    let isEqual = best.iteration == last.iteration
    var lines = [
      String(format: "best mIoU %.2f %% (iteration %d", 100 * best.meanIoU, best.iteration)
        + (last.iteration.map { " of \($0)" } ?? "") + "; mean \(last.meaning))"
        + (isEqual ? "" : String(format: "; last mIoU %.2f %%", 100 * last.meanIoU)),
      isMeasuredAgain
        ? "measured again in \(Progress.duration(seconds)); trained before"
        : "trained in \(Progress.duration(seconds)) since this start",
    ]
    let files = [
      ("best weights", "best.safetensors"), ("last weights", "student.safetensors"),
      ("numbers", "metrics.jsonl"), ("TensorBoard", "tensorboard"), ("maps", "pictures"),
    ]
    for (name, file) in files where FileManager.default.fileExists(atPath: "\(folder)/\(file)") {
      lines.append(name.padding(toLength: 14, withPad: " ", startingAt: 0) + "\(folder)/\(file)")
    }
    lines.append("one page      rdd report \(folder) --out report.html")
    return lines.joined(separator: "\n")
  }
}

extension ValidationLine {
  /// What `meanIoU` is the mean of, in words.
  package var meaning: String {
    isOverAll
      ? "over \(classNames.count) classes, of which absent ones count as 0"
      : "over the classes that occur"
  }

  /// Whether `meanIoU` is the mean over all classes.
  var isOverAll: Bool { definition == Recipe.MeanIoU.allClasses.rawValue }
}
