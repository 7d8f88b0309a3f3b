import Files
import Foundation
import Steps

/// The measurements of a run: one JSON object a line, appended.
package final class MetricsLog {
  private let file: LineFile
  private let encoder: JSONEncoder
  /// Lines of earlier starts that could not be read, and are gone.
  package let damagedLines: Int
  /// Lines of earlier starts that told once more of iterations before them, and are gone.
  package let repeatedLines: Int

  /// Opens a log to append to; lines after `iteration`, from a run that was cut off, are removed.
  ///
  /// - Parameters:
  ///   - path: the file.
  ///   - iteration: the iterations that are done.
  ///   - files: what writes.
  ///   - warn: told when somebody has changed the file meanwhile.
  /// - Throws: `FileError` if it cannot be read or written.
  package init(
    _ path: String, after iteration: Int, files: FileStore = FileStore(),
    warn: @escaping (String) -> Void = { _ in }
  ) throws(FileError) {
    encoder = JSONText.encoder(spellsNumbers: true)
    var (damaged, repeated) = (0, 0)
    var last: [String: Int] = [:]
    file = try LineFile(path, files: files, warn: warn) { line in
      guard let found = Self.numbered(line) else {
        damaged += 1
        return false
      }
      let kind = found.kind ?? ""
      guard found.iteration > last[kind] ?? .min else {
        repeated += 1
        return false
      }
      last[kind] = found.iteration
      return found.iteration <= iteration
    }
    (damagedLines, repeatedLines) = (damaged, repeated)
  }

  /// Whether there was no file.
  var isNew: Bool { file.isNew }

  /// Lines in the file.
  package var count: Int { file.count }

  /// Lines that could not be written.
  package var lostLines: Int { file.lost }

  /// Appends one object. A full disk does not end the training: the next checkpoint says so.
  package func append(_ line: some Encodable) {
    guard let data = try? encoder.encode(line) else { return }
    file.append(data)
  }

  /// What reads a line, numbers that are not finite included.
  static var decoder: JSONDecoder {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return decoder
  }

  private struct Numbered: Decodable {
    let iteration: Int
    let kind: String?
  }

  /// Iteration and kind of a line; nil if it is no line of metrics.
  private static func numbered(_ line: ArraySlice<UInt8>) -> Numbered? {
    try? JSONDecoder().decode(Numbered.self, from: Data(line))
  }

  /// The last iteration that a log tells of; nil if there is none.
  ///
  /// - Throws: `FileError` if there is a file that cannot be read.
  static func lastIteration(_ path: String) throws(FileError) -> Int? {
    try LineFile.lines(path)?.compactMap { numbered($0)?.iteration }.max()
  }
}

/// A line of `metrics.jsonl` about training. Rates and waits are means since the line before.
package struct TrainingLine: Codable, Sendable {
  /// Always "train".
  package var kind = "train"
  /// When it was written, ISO 8601 in UTC; nil in lines of earlier versions.
  package var time: String?
  /// The iteration, from 1.
  package var iteration: Int
  /// Which loss counted at the iteration.
  package var stage: Stage
  /// The loss: task loss, KD term and the methods' terms with their weights.
  package var loss: Double
  /// The task loss, weighed by difficulty.
  package var taskLoss: Double
  /// The KD term, with its factor.
  package var kdLoss: Double
  /// The methods' terms without the methods' weights.
  package var methods: [String: Double]?
  /// The learning rate of the iteration.
  package var learningRate: Double
  /// The Euclidean norm of the gradients that were summed over ranks.
  package var gradientNorm: Double
  /// Images per second of all ranks together.
  package var imagesPerSecond: Double
  /// Seconds of wall time of an iteration.
  package var secondsPerIteration: Double
  /// Seconds of an iteration that rank 0 waited for images.
  package var dataWaitSeconds: Double
  /// Seconds of an iteration that rank 0 waited for sums of gradients after its backward pass.
  package var communicationWaitSeconds: Double
  /// Seconds of an iteration inside the small sums over ranks, which are parts of the phases; nil in
  /// lines of earlier versions.
  package var collectiveSeconds: Double?
  /// Seconds of an iteration by phase (`Phase`).
  package var phaseSeconds: [String: Double]
  /// Labelled pixels of the global batch.
  package var validPixels: Int64
  /// The mean TFE weight over all pixels of the batch, ignored ones included; nil where the
  /// stage has no TFE weights.
  package var meanTfeWeight: Double?
  /// The probability at or below which a pixel is hard for the student; nil outside TSE.
  package var studentThreshold: Float?
  /// The same for the teacher.
  package var teacherThreshold: Float?
  /// The same for the student's auxiliary head.
  package var studentAuxiliaryThreshold: Float?
  /// The same for the teacher's auxiliary head.
  package var teacherAuxiliaryThreshold: Float?
  /// Share of the valid pixels that are hard for the student; TSE.
  package var studentKeptFraction: Double?
  /// Share that are hard for the teacher.
  package var teacherKeptFraction: Double?
  /// Share of the valid pixels that are trained; TSE.
  package var selectedFraction: Double?
  /// The number of pixels that are trained; TSE.
  package var selectedPixels: Int64?
  /// The same for the auxiliary head.
  package var selectedAuxiliaryPixels: Int64?
  /// Whether the mask of a head was empty at this iteration; TSE.
  package var emptyMask: Bool
  /// Whether there were fewer valid pixels than the least to keep.
  package var fallback: Bool
  /// Iterations with an empty mask since the line before.
  package var emptyMasks: Int
  /// Iterations with too few valid pixels since the line before.
  package var fallbacks: Int
  /// Updates left out since the line before.
  package var skippedUpdates: Int
  /// Sums of gradients with an addend beyond their finest grid since the line before, by parameter and
  /// level; nil in lines of earlier versions.
  package var coarseSums: Int?
  /// Sums of BatchNorm that were added again on another grid since the line before; nil in lines of
  /// earlier versions.
  package var repeatedSums: Int?
  /// Lines of the console that could not be written since this start; nil if there were none.
  package var lostLines: Int?
  /// Batches without one labelled pixel since the line before; nil in lines of earlier versions.
  package var batchesWithoutLabels: Int?

  /// The names in the file, which the documents list.
  package enum CodingKeys: String, CodingKey, CaseIterable {
    case kind, time, iteration, stage, loss, methods
    case taskLoss = "task_loss"
    case kdLoss = "kd_loss"
    case learningRate = "learning_rate"
    case gradientNorm = "gradient_norm"
    case imagesPerSecond = "images_per_second"
    case secondsPerIteration = "seconds_per_iteration"
    case dataWaitSeconds = "data_wait_seconds"
    case communicationWaitSeconds = "communication_wait_seconds"
    case collectiveSeconds = "collective_seconds"
    case phaseSeconds = "phase_seconds"
    case validPixels = "valid_pixels"
    case meanTfeWeight = "mean_tfe_weight"
    case studentThreshold = "student_threshold"
    case teacherThreshold = "teacher_threshold"
    case studentAuxiliaryThreshold = "student_auxiliary_threshold"
    case teacherAuxiliaryThreshold = "teacher_auxiliary_threshold"
    case studentKeptFraction = "student_kept_fraction"
    case teacherKeptFraction = "teacher_kept_fraction"
    case selectedFraction = "selected_fraction"
    case selectedPixels = "selected_pixels"
    case selectedAuxiliaryPixels = "selected_auxiliary_pixels"
    case emptyMask = "empty_mask"
    case fallback
    case emptyMasks = "empty_masks"
    case fallbacks
    case skippedUpdates = "skipped_updates"
    case coarseSums = "coarse_sums"
    case repeatedSums = "repeated_sums"
    case lostLines = "lost_lines"
    case batchesWithoutLabels = "batches_without_labels"
  }
}

/// A line of `metrics.jsonl` about a validation, and the answer of `rdd eval --json`.
package struct ValidationLine: Codable, Sendable {
  /// Always "validation".
  package var kind = "validation"
  /// When it was written, ISO 8601 in UTC; nil in lines of earlier versions, and of `rdd eval`.
  package var time: String?
  /// The iteration after which the weights were taken; nil when weights were measured outside a run.
  package var iteration: Int?
  /// The mean IoU that `evaluation.mean_iou` asks for, 0 to 1.
  package var meanIoU: Double
  /// Which mean `meanIoU` is: all_classes or present_classes.
  package var definition: String
  /// The mean over all classes, an absent one as 0.
  package var meanIoUOfAll: Double
  /// The mean over the classes that occur.
  package var meanIoUOfPresent: Double
  /// The share of valid pixels that are right.
  package var pixelAccuracy: Double
  /// Intersection over union of each class; null for a class that occurs nowhere.
  package var classIoU: [Double?]
  /// The names of the classes, in the order of `classIoU`.
  package var classNames: [String]
  /// The number of images that were measured.
  package var images: Int
  /// The seconds that the validation took.
  package var seconds: Double
  /// Pixels, `[label][prediction]`; of a run's last iteration and of `rdd eval`, nil elsewhere and in
  /// lines of earlier versions.
  package var confusion: [[Int64]]?
  /// How the measured files were hashed, a colon, and the hash (`DataHashes.digest`); equal for runs on
  /// the same images and labels. Nil outside a run and in lines of earlier versions.
  package var validationData: String?

  /// The names in the file, which the documents list.
  package enum CodingKeys: String, CodingKey, CaseIterable {
    case kind, time, iteration, confusion
    case meanIoU = "mean_iou"
    case definition = "mean_iou_definition"
    case meanIoUOfAll = "mean_iou_all_classes"
    case meanIoUOfPresent = "mean_iou_present_classes"
    case pixelAccuracy = "pixel_accuracy"
    case classIoU = "class_iou"
    case classNames = "class_names"
    case images, seconds
    case validationData = "validation_data"
  }
}
