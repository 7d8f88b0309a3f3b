import Difficulty
import EventFiles
import Files
import ImageIO

/// A run's numbers, histograms and pictures for TensorBoard, on rank 0.
final class RunEvents {
  private let file: EventFile

  /// Events that could not be written.
  var lostCount: Int { file.lostCount }

  /// Events after an iteration, in a file of this start's own; nil if none can be written.
  init?(folder: String, after iteration: Int) {
    let firstStep = iteration > 0 ? iteration + 1 : 0
    guard let file = EventFile(folder: folder, firstStep: firstStep) else { return nil }
    self.file = file
  }

  /// Adds a line about training; what the stage does not have is left out.
  func add(_ line: TrainingLine) {
    let all: [(String, Double?)] = [
      ("loss/total", line.loss), ("loss/task", line.taskLoss), ("loss/kd", line.kdLoss),
      ("optimiser/learning_rate", line.learningRate),
      ("optimiser/gradient_norm", line.gradientNorm),
      ("difficulty/mean_tfe_weight", line.meanTfeWeight),
      ("difficulty/selected_fraction", line.selectedFraction),
      ("difficulty/student_kept_fraction", line.studentKeptFraction),
      ("difficulty/teacher_kept_fraction", line.teacherKeptFraction),
      ("difficulty/student_threshold", line.studentThreshold.map(Double.init)),
      ("difficulty/teacher_threshold", line.teacherThreshold.map(Double.init)),
      ("time/images_per_second", line.imagesPerSecond),
      ("time/seconds_per_iteration", line.secondsPerIteration),
      ("time/data_wait_seconds", line.dataWaitSeconds),
      ("time/communication_wait_seconds", line.communicationWaitSeconds),
      ("time/collective_seconds", line.collectiveSeconds),
    ]
    file.add(
      scalars: all.compactMap { tag, value in value.map { (tag: tag, value: $0) } },
      step: line.iteration)
  }

  /// Adds a line about a validation.
  func add(_ line: ValidationLine) {
    let classes = zip(line.classNames, line.classIoU).compactMap { name, value in
      value.map { (tag: "class_iou/\(name)", value: $0) }
    }
    file.add(
      scalars: [
        (tag: "validation/mean_iou", value: line.meanIoU),
        (tag: "validation/pixel_accuracy", value: line.pixelAccuracy),
      ] + classes, step: line.iteration ?? 0)
  }

  /// Adds a picture that lies in a file, and histograms of the maps that it shows.
  func add(
    _ picture: RGBImage, file path: String, _ maps: DifficultyMaps?, name: String, iteration: Int
  ) {
    if let png = (try? WholeFile.bytes(path)) ?? nil {
      file.add(
        png: png, size: (picture.height, picture.width), tag: "maps/\(name)",
        step: iteration)
    }
    guard let maps else { return }
    func add(_ values: [Float], _ tag: String) {
      file.add(
        EventHistogram(shares: values.lazy.map(Double.init)), tag: "difficulty/\(tag)/\(name)",
        step: iteration)
    }
    if let weights = maps.weight { add(weights, "tfe_weight") }
    add(maps.probabilities[0], "student_probability")
    add(maps.probabilities[1], "teacher_probability")
  }
}
