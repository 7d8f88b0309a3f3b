import Foundation
import TestSupport
import WeightFiles

/// A tiny recipe through both stages, run by the real command under the real `mpirun`.
///
/// The learning rate is small: from random weights, with a BatchNorm over four pooled values, a
/// rounding error grows some tenfold in an iteration.
struct Run {
  let folder: URL

  /// Writes the recipe and a teacher of random weights into an empty folder.
  init(_ folder: URL) throws {
    self.folder = folder
    let recipe = """
      data:
        kind: scenes
        scenes: {width: 80, height: 48, train_count: 12, validation_count: 5}
        crop_height: 40
        crop_width: 56
      student: {network: deeplab_mobile}
      teacher: {network: deeplabv3_resnet18, from_seed: true}
      train:
        iterations: 10
        batch_size: 4
        learning_rate: 0.0005
        log_every: 1
        validate_every: 0
        checkpoint_every: 4
      distill:
        warmup_iterations: 5
        # A third of the pixels, so that the k-th smallest probability decides for the student.
        ohem: {threshold: 0.05, minimum_kept: 3000}
      """
    try recipe.write(to: folder.appending(path: "tiny.yaml"), atomically: true, encoding: .utf8)
  }

  /// Trains into a folder of its own.
  @discardableResult
  func train(
    _ name: String, ranks: Int?, set: [String] = [], options: [String] = [],
    environment: [String: String] = [:], onlyRank: [Int: [String: String]] = [:],
    meanwhile: (RunningProcess) throws -> Void = { _ in }
  ) throws -> ProcessResult {
    try MPIRun.run(
      ranks: ranks, program: "rdd",
      arguments: ["train", path("tiny.yaml"), "--out", path(name)]
        + set.flatMap { ["--set", $0] } + options,
      // Threads that wait leave the core to those that compute: some runs have more than cores.
      environment: environment.merging(
        ["OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "passive"]) { own, _ in own },
      onlyRank: onlyRank, timeout: 300, meanwhile: meanwhile)
  }

  /// A file below the folder.
  func path(_ name: String) -> String { folder.appending(path: name).path }

  /// The lines of a run's metrics that are about training.
  func metrics(_ name: String) throws -> [Line] {
    let text = try String(contentsOfFile: path("\(name)/metrics.jsonl"), encoding: .utf8)
    return try text.split(separator: "\n")
      .map { try JSONDecoder().decode(Line.self, from: Data($0.utf8)) }
      .filter { $0.kind == "train" }
  }

  /// The bytes of a run's last weights, by tensor.
  func weights(_ name: String) throws -> [String: [UInt8]] {
    let archive = try WeightFile.read(path("\(name)/student.safetensors"))
    return Dictionary(
      uniqueKeysWithValues: archive.tensors.map { tensor in
        (tensor.name, tensor.bytes.withUnsafeBytes { Array($0) })
      })
  }
}

/// What the tests read of a line of metrics.
struct Line: Decodable, Equatable {
  let kind: String
  let iteration: Int
  let stage: String?
  let loss: Double?
  let gradientNorm: Double?
  let methods: [String: Double]?
  let studentThreshold: Double?
  let teacherThreshold: Double?
  let selectedPixels: Int?
  let skippedUpdates: Int?

  enum CodingKeys: String, CodingKey {
    case kind, iteration, stage, loss, methods
    case gradientNorm = "gradient_norm"
    case studentThreshold = "student_threshold"
    case teacherThreshold = "teacher_threshold"
    case selectedPixels = "selected_pixels"
    case skippedUpdates = "skipped_updates"
  }
}
