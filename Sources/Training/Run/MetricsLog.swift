import Foundation

/// The measurements of a run: one JSON object a line, appended.
final class MetricsLog {
  private let file: FileHandle
  private let encoder: JSONEncoder

  /// Opens a log to append to; lines after `iteration`, from a run that was cut off, are removed.
  ///
  /// - Throws: `TrainingError` (exit code 73) if it cannot be written.
  init(_ path: String, after iteration: Int) throws {
    encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    let kept = (try? String(contentsOfFile: path, encoding: .utf8)).map { text in
      text.split(separator: "\n").filter { Self.iteration(of: $0) <= iteration }
        .map { $0 + "\n" }.joined()
    }
    do {
      try (kept ?? "").write(toFile: path, atomically: true, encoding: .utf8)
    } catch {
      throw TrainingError(
        .cannotCreate,
        "metrics: \(path): found it not writable; expected a folder of this "
          + "user's; choose another --out")
    }
    guard let file = FileHandle(forWritingAtPath: path) else {
      throw TrainingError(.cannotCreate, "metrics: \(path): found it not writable; expected a file")
    }
    self.file = file
    _ = try? file.seekToEnd()
  }

  /// Appends one object. A full disk does not end the training: the next checkpoint says so.
  func append(_ line: some Encodable) {
    guard var data = try? encoder.encode(line) else { return }
    data.append(0x0A)
    try? file.write(contentsOf: data)
  }

  private struct Numbered: Decodable { let iteration: Int }

  private static func iteration(of line: Substring) -> Int {
    (try? JSONDecoder().decode(Numbered.self, from: Data(line.utf8)))?.iteration ?? .max
  }
}

/// A line of `metrics.jsonl` about training. Rates and waits are means since the line before.
struct TrainingLine: Encodable {
  var kind = "train"
  var iteration: Int
  var stage: Stage
  var loss: Double
  var taskLoss: Double
  var kdLoss: Double
  /// The methods' terms without the methods' weights.
  var methods: [String: Double]?
  var learningRate: Double
  var gradientNorm: Double
  var imagesPerSecond: Double
  var secondsPerIteration: Double
  var dataWaitSeconds: Double
  var communicationWaitSeconds: Double
  var phaseSeconds: [String: Double]
  var validPixels: Int64
  var meanTfeWeight: Double?
  var studentThreshold: Float?
  var teacherThreshold: Float?
  var studentAuxiliaryThreshold: Float?
  var teacherAuxiliaryThreshold: Float?
  var studentKeptFraction: Double?
  var teacherKeptFraction: Double?
  var selectedFraction: Double?
  var selectedPixels: Int64?
  var selectedAuxiliaryPixels: Int64?
  var emptyMask: Bool
  var fallback: Bool
  var emptyMasks: Int
  var fallbacks: Int
  var skippedUpdates: Int

  enum CodingKeys: String, CodingKey {
    case kind, iteration, stage, loss, methods
    case taskLoss = "task_loss"
    case kdLoss = "kd_loss"
    case learningRate = "learning_rate"
    case gradientNorm = "gradient_norm"
    case imagesPerSecond = "images_per_second"
    case secondsPerIteration = "seconds_per_iteration"
    case dataWaitSeconds = "data_wait_seconds"
    case communicationWaitSeconds = "communication_wait_seconds"
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
  }
}

/// A line of `metrics.jsonl` about a validation, and the answer of `rdd eval --json`.
public struct ValidationLine: Encodable, Sendable {
  var kind = "validation"
  var iteration: Int?
  /// The mean that the recipe asks for.
  public var meanIoU: Double
  var definition: String
  var meanIoUOfAll: Double
  var meanIoUOfPresent: Double
  /// The share of valid pixels that are right.
  public var pixelAccuracy: Double
  /// Intersection over union of each class; null for a class that occurs nowhere.
  public var classIoU: [Double?]
  var classNames: [String]
  var images: Int
  var seconds: Double

  enum CodingKeys: String, CodingKey {
    case kind, iteration
    case meanIoU = "mean_iou"
    case definition = "mean_iou_definition"
    case meanIoUOfAll = "mean_iou_all_classes"
    case meanIoUOfPresent = "mean_iou_present_classes"
    case pixelAccuracy = "pixel_accuracy"
    case classIoU = "class_iou"
    case classNames = "class_names"
    case images, seconds
  }
}
