import Files
import Foundation
import Logging
import MPI
import Networks
import Recipes
import Runs
import Steps
import TestSupport
import Testing
import WeightFiles

/// Whole runs in this process, which is MPI's only rank.
@Suite(.serialized) struct TrainerTests {
  /// The rank of this process; MPI begins once.
  private static let coordinator = Result { try Coordinator(World(), threads: 1) }

  /// Four iterations from labels, a checkpoint after the second.
  private static func recipe(_ changes: (inout Recipe) -> Void = { _ in }) -> Recipe {
    var recipe = Recipe()
    recipe.data.scenes.height = 32
    recipe.data.scenes.width = 48
    recipe.data.scenes.trainCount = 6
    recipe.data.scenes.validationCount = 2
    recipe.data.cropHeight = 32
    recipe.data.cropWidth = 48
    recipe.data.classCount = 11
    recipe.student.network = "deeplab_mobile"
    recipe.train.batchSize = 3
    recipe.train.iterations = 4
    recipe.train.checkpointEvery = 2
    recipe.train.validateEvery = 0
    recipe.train.tensorboard = false
    recipe.evaluation.pictures = 0
    recipe.distill.method = .none
    changes(&recipe)
    return recipe
  }

  private static func train(_ recipe: Recipe, _ folder: URL) throws -> Trainer.Summary {
    try Trainer(
      recipe, folder: folder.path, coordinator: coordinator.get(), logger: Logger(label: "rdd")
    ).run()
  }

  private static func weights(_ folder: URL) throws -> Data {
    try Data(contentsOf: folder.appendingPathComponent("student.safetensors"))
  }

  /// A copy of a finished run, with its second iteration's checkpoint alone; `change` may give it other
  /// tensors.
  private static func stopped(
    _ run: URL, as copy: URL, change: (StoredTensor) -> StoredTensor? = { $0 }
  ) throws {
    let manager = FileManager.default
    try manager.copyItem(at: run, to: copy)
    for name in ["student.safetensors", "best.safetensors"] {
      try manager.removeItem(at: copy.appendingPathComponent(name))
    }
    let checkpoints = copy.appendingPathComponent("checkpoints")
    let second = checkpoints.appendingPathComponent("iteration_0000002.safetensors")
    let found = try WeightFile.read(second.path)
    let archive = TensorArchive(
      tensors: found.tensors.compactMap(change), metadata: found.metadata)
    try manager.removeItem(at: checkpoints)
    _ = try CheckpointStore(folder: checkpoints.path).prepare()
    _ = try CheckpointStore(folder: checkpoints.path).save(archive, iteration: 2)
  }

  @Test func aRunEndsAndIsOnlyMeasuredAgain() throws {
    try withTemporaryFolder { folder in
      let run = folder.appendingPathComponent("run")
      let first = try Self.train(Self.recipe(), run)
      #expect(!first.isMeasuredAgain && first.best.meanIoU >= 0 && first.seconds > 0)
      let saved = try Self.weights(run)
      let again = try Self.train(Self.recipe(), run)
      #expect(again.isMeasuredAgain && again.last.meanIoU == first.last.meanIoU)
      #expect(try Self.weights(run) == saved)
    }
  }

  @Test func aStoppedRunGoesOnWithTheSameBits() throws {
    try withTemporaryFolder { folder in
      let (run, copy) = (folder.appendingPathComponent("a"), folder.appendingPathComponent("b"))
      _ = try Self.train(Self.recipe(), run)
      try Self.stopped(run, as: copy)
      let rest = try Self.train(Self.recipe(), copy)
      #expect(!rest.isMeasuredAgain)
      #expect(try Self.weights(copy) == Self.weights(run))
    }
  }

  /// Checkpoints that are whole files, and not what the run can go on from.
  @Test func checkpointsThatDoNotFitAreNamed() throws {
    try withTemporaryFolder { folder in
      let run = folder.appendingPathComponent("run")
      _ = try Self.train(Self.recipe(), run)
      let name = "momentum.head.block.4.bias"
      func refusal(
        of name: String, _ change: (StoredTensor) -> StoredTensor?
      ) throws -> String {
        let copy = folder.appendingPathComponent(UUID().uuidString)
        try Self.stopped(run, as: copy) { $0.name == name ? change($0) : $0 }
        do {
          _ = try Self.train(Self.recipe(), copy)
        } catch { return "\(error)" }
        return "went on"
      }
      func floats(_ values: [Float], _ shape: [Int]) -> StoredTensor {
        StoredTensor(
          name: name, elementType: .f32, shape: shape,
          bytes: ByteRegion(copying: values))
      }
      let lost = try refusal(of: name) { _ in nil }
      #expect(lost.contains("\(name) missing or of another shape"), "\(lost)")
      let cut = try refusal(of: name) { _ in floats([0], [1]) }
      #expect(cut.contains("\(name) missing or of another shape"), "\(cut)")
      let spoilt = try refusal(of: name) {
        floats([Float](repeating: .nan, count: $0.elementCount), $0.shape)
      }
      #expect(spoilt.contains(name) && spoilt.contains("move this file away"), "\(spoilt)")
      let other = try refusal(of: "student.head.block.4.bias") { _ in nil }
      #expect(other.contains("head.block.4.bias"), "\(other)")
    }
  }

  @Test func anotherRunIsNotGoneOnWith() throws {
    try withTemporaryFolder { folder in
      let (run, copy) = (folder.appendingPathComponent("a"), folder.appendingPathComponent("b"))
      _ = try Self.train(Self.recipe(), run)
      try Self.stopped(run, as: copy)
      let error = #expect(throws: TrainingError.self) {
        try Self.train(Self.recipe { $0.train.learningRate = 0.5 }, copy)
      }
      #expect(error?.code == .badData)
      #expect(error?.description.contains("train.learning_rate") == true, "\(error as Any)")
    }
  }
}
