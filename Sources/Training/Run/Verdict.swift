import Foundation

extension Trainer.Summary {
  /// What a finished run comes to: the best and the last score, their definition, the time, and
  /// where the files are.
  ///
  /// - Parameter folder: the run's.
  public func verdict(folder: String) -> String {
    let isEqual = best.iteration == last.iteration
    var lines = [
      String(format: "best mIoU %.2f %% at iteration %d", 100 * best.meanIoU, best.iteration)
        + (isEqual ? ", the last" : String(format: "; %.2f %% at the last", 100 * last.meanIoU))
        + "; mean \(last.meaning)",
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
  public var meaning: String {
    definition == "all_classes"
      ? "over all classes, one that occurs nowhere as 0" : "over the classes that occur"
  }
}
