import Files
import Methods
import Networks
import Optimisers
import Steps
import Torch
import WeightFiles

/// All that a run needs to go on: weights, their average, the optimiser's and the methods' state, iteration,
/// best score.
///
/// Randomness is a function of (seed, iteration, sample), so there is no generator to save, and any
/// number of ranks can go on.
struct Checkpoint {
  /// The iterations that are done.
  var iteration: Int
  /// The best mean IoU so far and its iteration; nil before the first validation.
  var best: (meanIoU: Double, iteration: Int)?
  /// Whether the validation of this iteration is still to be done: the run was asked to stop.
  var owesValidation = false
  /// The last batches of which none had a labelled pixel; 0 where it does not say.
  var batchesWithoutLabels = 0
  /// The vector instructions that it was computed with (`InstructionSet`); nil where it does not say.
  var instructions: String?

  private static let weightPrefix = "student."
  private static let averagePrefix = "average."
  private static let valueAdvice = "move this file away, and the run goes on from an older one"
  private static let bestKey = "best_mean_iou_bits"
  private static let bestIterationKey = "best_iteration"
  private static let owesValidationKey = "owes_validation"
  private static let batchesWithoutLabelsKey = "batches_without_labels"
  private static let instructionsKey = "instructions"
  /// Absent where it is SGD, as it always was in earlier versions.
  private static let optimiserKey = "optimizer"

  /// What is trained, and what goes with it.
  struct Trained {
    /// The student.
    let network: SegmentationNetwork
    /// What else is trained, or moves.
    let methods: MethodSuite?
    /// What the optimiser keeps of both.
    let optimiser: FlatBuffers
    /// The student's average, if there is one.
    let average: AveragedWeights?

    /// The tensors besides the student's, by their names.
    fileprivate var others: [(name: String, tensor: Tensor, isOptional: Bool)] {
      optimiser.entries
        + (average?.entries ?? []).map { (averagePrefix + $0.name, $0.average, false) }
        + (methods?.entries ?? []).map { ($0.name, $0.tensor, false) }
    }

    /// A hash of all weights, which all ranks hold alike.
    var hash: String {
      let averages = (average?.entries ?? []).map { StoredTensor(name: $0.name, $0.average) }
      return ([network.state.hash] + averages.map(\.contentHash)).joined(separator: " ")
    }

    /// Runs `body` while the student has its averaged weights, if there are any.
    func averaged<Result>(_ body: () throws -> Result) rethrows -> Result {
      try average.map { try $0.lent(body) } ?? body()
    }
  }

  /// The best mean IoU and its iteration, from a file's metadata; nil before the first validation.
  static func best(_ metadata: [String: String]) -> (meanIoU: Double, iteration: Int)? {
    guard let bits = metadata[bestKey].flatMap({ UInt64($0) }),
      let iteration = metadata[bestIterationKey].flatMap({ Int($0) })
    else { return nil }
    return (Double(bitPattern: bits), iteration)
  }

  /// The run that a file's content belongs to; nil where it does not say.
  static func identity(of stored: CheckpointStore.Checkpoint) -> RunIdentity? {
    RunIdentity(metadata: stored.archive.metadata)
  }

  /// The vector instructions that a file's content was computed with; nil where it does not say.
  static func instructions(of stored: CheckpointStore.Checkpoint) -> String? {
    stored.archive.metadata[instructionsKey]
  }

  /// The checkpoint as a file's content.
  ///
  /// - Parameters:
  ///   - identity: the run that it belongs to.
  ///   - trained: its networks as they are.
  func archive(of identity: RunIdentity, _ trained: Trained) -> TensorArchive {
    let (network, optimiser) = (trained.network, trained.optimiser.card.name)
    var metadata = identity.metadata
    metadata["network"] = network.architecture.description
    if let best {
      // The bits, so that a resumed run compares with the same number.
      metadata[Self.bestKey] = String(best.meanIoU.bitPattern)
      metadata[Self.bestIterationKey] = String(best.iteration)
    }
    metadata[Self.instructionsKey] = InstructionSet.used?.rawValue
    if optimiser != .sgd { metadata[Self.optimiserKey] = optimiser.rawValue }
    if owesValidation { metadata[Self.owesValidationKey] = "true" }
    if batchesWithoutLabels > 0 {
      metadata[Self.batchesWithoutLabelsKey] = String(batchesWithoutLabels)
    }
    let others = trained.others.filter { !$0.isOptional || $0.tensor.item != 0 }
    return TensorArchive(
      tensors: network.state.stored(prefix: Self.weightPrefix)
        + others.map { StoredTensor(name: $0.name, $0.tensor) },
      metadata: metadata)
  }

  /// Restores a run from a file's content. An average that it does not have begins with its weights.
  ///
  /// - Throws: `TrainingError` if another optimiser saved it; `WeightMismatch` if it belongs to another
  ///   network; `FileError` if weights or states are not finite: no update makes them so again.
  init(_ stored: CheckpointStore.Checkpoint, into trained: Trained) throws {
    let network = trained.network
    try Self.requireOptimiser(trained.optimiser.card.name, in: stored)
    iteration = stored.iteration
    instructions = Self.instructions(of: stored)
    owesValidation = stored.archive.metadata[Self.owesValidationKey] != nil
    let count = stored.archive.metadata[Self.batchesWithoutLabelsKey].flatMap { Int($0) } ?? 0
    batchesWithoutLabels = min(max(count, 0), stored.iteration)
    best = Self.best(stored.archive.metadata)
    let weights = stored.archive.tensors.filter { $0.name.hasPrefix(Self.weightPrefix) }
      .map { $0.renamed(String($0.name.dropFirst(Self.weightPrefix.count))) }
    try network.state.load(
      TensorArchive(tensors: weights), from: stored.path, network: network.architecture.rawValue,
      valueAdvice: Self.valueAdvice)
    func restore(_ tensor: Tensor, from name: String) throws {
      guard let found = stored.archive[name], found.shape == tensor.shape,
        found.elementType.torch != nil
      else {
        throw WeightMismatch(
          path: stored.path, network: network.architecture.rawValue,
          problems: ["\(name) missing or of another shape"])
      }
      try found.requireSound(in: stored.path, as: tensor.type, advice: Self.valueAdvice)
      tensor.copy(from: Tensor(found))
    }
    let hasAverage = stored.archive.tensors.contains { $0.name.hasPrefix(Self.averagePrefix) }
    trained.average?.restart()
    try Autograd.withoutHistory {
      for other in trained.others {
        if other.isOptional, stored.archive[other.name] == nil { continue }
        if other.name.hasPrefix(Self.averagePrefix), !hasAverage { continue }
        try restore(other.tensor, from: other.name)
      }
    }
  }

  /// Stops at a file of another optimiser, whose state this one cannot go on with.
  private static func requireOptimiser(
    _ wanted: OptimiserName, in stored: CheckpointStore.Checkpoint
  ) throws {
    let found = stored.archive.metadata[optimiserKey] ?? OptimiserName.sgd.rawValue
    guard found != wanted.rawValue else { return }
    throw TrainingError(
      .badData,
      "train.optimizer: \(stored.path): found the state of \(oneLine(found)); expected that of "
        + "\(wanted.rawValue); set that optimiser again, or begin anew with --fresh")
  }

  /// A run that has not begun.
  init() { iteration = 0 }
}
