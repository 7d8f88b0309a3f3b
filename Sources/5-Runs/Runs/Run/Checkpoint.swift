import Methods
import Networks
import Steps
import Torch
import WeightFiles

/// All that a run needs to go on: weights, momentum, methods' state, iteration, best score.
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
  private static let momentumPrefix = "momentum."
  private static let valueAdvice = "move this file away, and the run goes on from an older one"
  private static let owesValidationKey = "owes_validation"
  private static let batchesWithoutLabelsKey = "batches_without_labels"
  private static let instructionsKey = "instructions"

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
  ///   - network: the student.
  ///   - methods: what else is trained, or moves.
  ///   - parameters: the momenta.
  func archive(
    of identity: RunIdentity, _ network: SegmentationNetwork, _ methods: MethodSuite?,
    _ parameters: FlatParameters
  ) -> TensorArchive {
    let momenta = parameters.places.reversed().map { place in
      StoredTensor(
        name: Self.momentumPrefix + place.name, parameters.part(parameters.momentum, place))
    }
    var metadata = identity.metadata
    metadata["network"] = network.architecture.rawValue
    if let best {
      // The bits, so that a resumed run compares with the same number.
      metadata["best_mean_iou_bits"] = String(best.meanIoU.bitPattern)
      metadata["best_iteration"] = String(best.iteration)
    }
    metadata[Self.instructionsKey] = InstructionSet.used?.rawValue
    if owesValidation { metadata[Self.owesValidationKey] = "true" }
    if batchesWithoutLabels > 0 {
      metadata[Self.batchesWithoutLabelsKey] = String(batchesWithoutLabels)
    }
    return TensorArchive(
      tensors: network.state.stored(prefix: Self.weightPrefix) + momenta
        + (methods?.entries ?? []).map { StoredTensor(name: $0.name, $0.tensor) },
      metadata: metadata)
  }

  /// Restores a run from a file's content.
  ///
  /// - Throws: `WeightMismatch` if it belongs to another network; `FileError` if weights, momentum or
  ///   methods' state are not finite: no update makes them so again.
  init(
    _ stored: CheckpointStore.Checkpoint, into network: SegmentationNetwork,
    _ methods: MethodSuite?, _ parameters: FlatParameters
  ) throws {
    iteration = stored.iteration
    instructions = Self.instructions(of: stored)
    owesValidation = stored.archive.metadata[Self.owesValidationKey] != nil
    let count = stored.archive.metadata[Self.batchesWithoutLabelsKey].flatMap { Int($0) } ?? 0
    batchesWithoutLabels = min(max(count, 0), stored.iteration)
    if let bits = stored.archive.metadata["best_mean_iou_bits"].flatMap({ UInt64($0) }),
      let iteration = stored.archive.metadata["best_iteration"].flatMap({ Int($0) })
    {
      best = (Double(bitPattern: bits), iteration)
    }
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
    try Autograd.withoutHistory {
      for place in parameters.places {
        try restore(
          parameters.part(parameters.momentum, place), from: Self.momentumPrefix + place.name)
      }
      for entry in methods?.entries ?? [] { try restore(entry.tensor, from: entry.name) }
    }
  }

  /// A run that has not begun.
  init() { iteration = 0 }
}
