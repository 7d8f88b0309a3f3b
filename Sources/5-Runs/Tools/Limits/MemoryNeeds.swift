import DataParallel
import Foundation
import Host
import Networks
import Optimisers
import Recipes
import Steps
import Torch
import WeightFiles

/// The memory of a rank that trains, in bytes, by what it is for: an estimate from the networks' layers.
///
/// `likely`, and 100 MiB that the process has before, was 0.98 to 1.16 of the peak that `rdd bench step`
/// measured in 14 cases without a teacher (float32, 1 to 6 images of 128 x 256, x86-64); the teacher's
/// factor was fitted to the same networks as teachers.
package struct MemoryNeeds: Equatable, Sendable {
  /// The student's weights.
  package var weights = 0
  /// The teacher's weights.
  package var teacher = 0
  /// The student's gradients, their exact sums, what the optimiser keeps and the averaged weights.
  package var optimiser = 0
  /// What backward reads again of a pass: what each convolution and each norm of the student gives.
  package var activations = 0
  /// Batches that are prepared ahead, and the one that is used.
  package var batches = 0
  /// Decoded images that are kept, if all of them fill their bound.
  package var images = 0

  /// Each of them.
  static var parts: [WritableKeyPath<MemoryNeeds, Int>] {
    [\.weights, \.teacher, \.optimiser, \.activations, \.batches, \.images]
  }

  /// What a run cannot do without.
  package var least: Int { weights + teacher + optimiser + activations }

  /// What libraries take: kernels made for this processor, buffers of MPI.
  package static let libraries = 150 << 20
  /// What passing values, unused gaps between them and gradients on their way add to the activations.
  static let activationFactor = 1.4
  /// What kernels' own copies of the weights add to them, where they change, and where they do not.
  static let (weightFactor, teacherFactor) = (3.0, 1.25)

  /// What a run will take, without decoded images.
  package var likely: Int {
    Self.libraries + optimiser + batches + Int(Double(weights) * Self.weightFactor)
      + Int(Double(teacher) * Self.teacherFactor)
      + Int(Double(activations) * Self.activationFactor)
  }

  /// No needs.
  package init() {}

  /// The needs of a rank.
  ///
  /// - Parameters:
  ///   - recipe: the run. What its methods add is not counted; on a GPU neither are the networks.
  ///   - images: the rank's images of a batch.
  package init(_ recipe: Recipe, images: Int) {
    let (data, train) = (recipe.data, recipe.train)
    let pixels = data.cropHeight * data.cropWidth
    // Three planes of float32 and one of labels.
    batches = (data.prefetchBatches + 1) * images * pixels * 13
    if train.iterations * train.batchSize > data.knownCount ?? 0 {
      let known = data.knownCount.map { $0 * data.scenes.height * data.scenes.width * 4 }
      self.images = min(data.cacheMebibytes << 20, known ?? .max)
    }
    guard train.device == .cpu else { return }
    let size = train.precision.parameterType.byteCount
    let width = recipe.student.headWidth
    guard
      let student = data.outline(
        recipe.student.network, recipe.student.outputs, headWidth: width == 0 ? nil : width)
    else { return }
    weights = Self.atMost(student.valueCount, recipe.student.weights) * size
    // A gradient, what the optimiser keeps, an average, and sums of 64 bits.
    let kept = 1 + train.optimizer.card.states.count + (train.average > 0 ? 1 : 0)
    optimiser = student.parameterCount * (kept * size + (train.addsExactly && size == 4 ? 8 : 0))
    activations = images * student.keptBytes(byteCount: train.precision.elementType.byteCount)
    if recipe.distill.method != .none,
      let teacher = data.outline(recipe.teacher.network, recipe.teacher.outputs)
    {
      self.teacher =
        Self.atMost(teacher.valueCount, recipe.teacher.weights)
        * train.precision.elementType.byteCount
    }
  }

  /// A file's head may be narrower than the published one: a network has no more values than its file.
  private static func atMost(_ count: Int, _ path: String?) -> Int {
    let attributes = path.flatMap {
      try? FileManager.default.attributesOfItem(atPath: WeightPlace($0).path)
    }
    return (attributes?[.size] as? Int).map { min(count, $0 / 4) } ?? count
  }

  /// In words, for a person who asks where memory goes.
  package var inWords: String {
    "weights and optimiser \(ByteCount.text(weights + teacher + optimiser)), activations "
      + "\(ByteCount.text(activations)), waiting batches \(ByteCount.text(batches))"
  }

  /// A library's message, with what to do where it found no memory.
  package static func explained(_ message: String) -> String {
    let words = ["allocate memory", "bad_alloc", "out of memory", "out_of_memory"]
    guard words.contains(where: message.lowercased().contains) else { return message }
    return "memory: found none left: \(message); lower train.batch_size, the crop or "
      + "data.cache_mebibytes, or raise ulimit -v or the container's limit"
  }

  static func + (left: MemoryNeeds, right: MemoryNeeds) -> MemoryNeeds {
    var sum = left
    for part in parts { sum[keyPath: part] += right[keyPath: part] }
    return sum
  }
}

extension Recipe.Data {
  /// The outline of a network for crops; nil for a graph that cannot be had, which its maker will tell.
  fileprivate func outline(
    _ network: Architecture, _ outputs: Recipe.Outputs, headWidth: Int? = nil
  ) -> NetworkOutline? {
    guard let path = network.graphPath else {
      return NetworkOutline(
        network, classCount: classCount, headWidth: headWidth, height: cropHeight,
        width: cropWidth)
    }
    return try? NetworkOutline(
      graphAt: path, outputs: outputs.names.isEmpty ? nil : outputs.names,
      size: Pair(cropHeight, cropWidth))
  }

  /// The number of training images, where no list says it.
  fileprivate var knownCount: Int? { kind == .scenes ? scenes.trainCount : nil }
}

/// Whether memory suffices for the ranks of a host, by an estimate.
package struct MemoryVerdict: Equatable, Sendable {
  /// Why the ranks cannot work; nil if they may.
  package private(set) var refusal: String?
  /// Why they probably cannot; nil if they probably can, or surely cannot.
  package private(set) var warning: String?

  /// Holds needs against limits.
  ///
  /// - Parameters:
  ///   - needs: of each rank of the host.
  ///   - limits: what is free of each limit before the networks are made.
  ///   - swap: bytes that can be moved to the disk.
  ///   - host: its name.
  package init(needs: [MemoryNeeds], limits: [HostLimit], swap: Int, host: String) {
    let together = needs.reduce(MemoryNeeds(), +)
    let largest = needs.max { $0.likely < $1.likely } ?? MemoryNeeds()
    for limit in limits {
      let need = limit.isPerProcess ? largest : together
      let likely = limit.isPerProcess ? largest.likely : needs.reduce(0) { $0 + $1.likely }
      let found =
        "memory: \(host): found \(ByteCount.text(limit.free)) free (\(limit.name)"
        + (limit.name == MemoryLimits.host ? "" : ": \(ByteCount.text(limit.most))")
        + "); expected "
      let whose = limit.isPerProcess || needs.count == 1 ? "a rank" : "\(needs.count) ranks"
      let advice =
        "lower train.batch_size or the crop, "
        + (limit.isPerProcess ? "" : "start fewer ranks on this host, ") + "or raise the limit"
      if need.least > limit.free + (limit.isPerProcess ? 0 : swap) {
        refusal =
          "\(found)at least \(ByteCount.text(need.least)) for \(whose): \(need.inWords); \(advice)"
        warning = nil
        return
      }
      let lack =
        "\(found)about \(ByteCount.text(likely)) for \(whose): \(need.inWords); \(advice)"
      // The kernel then gives nothing more, and oneDNN writes to a null pointer: there is no slow way on.
      if limit.isPerProcess, likely > limit.free {
        (refusal, warning) = (lack, nil)
        return
      }
      guard warning == nil else { continue }
      if likely > limit.free {
        warning = lack
      } else if likely + need.images > limit.free {
        warning =
          "\(found)about \(ByteCount.text(likely + need.images)) for \(whose) once decoded images fill "
          + "\(ByteCount.text(need.images)); lower data.cache_mebibytes"
      }
    }
  }
}

extension Coordinator {
  /// What memory says to a recipe: the same on all ranks of a host. Collective over the host.
  func memoryVerdict(_ recipe: Recipe) throws -> (own: MemoryNeeds, verdict: MemoryVerdict) {
    // Before anybody makes anything.
    let limits = MemoryLimits.all()
    let own = MemoryNeeds(recipe, images: positions(of: recipe.train.batchSize).count)
    var needs = [MemoryNeeds](repeating: MemoryNeeds(), count: world.localWorldSize)
    for part in MemoryNeeds.parts {
      for (rank, bytes) in try world.local.allgather(Int64(own[keyPath: part])).enumerated() {
        needs[rank][keyPath: part] = Int(bytes)
      }
    }
    let verdict = MemoryVerdict(
      needs: needs, limits: limits, swap: MemoryLimits.swap(), host: HostName.current)
    return (own, verdict)
  }

  /// Stops the job where memory surely does not suffice for training. Collective.
  ///
  /// - Returns: what it probably does not suffice for, a line for each host.
  /// - Throws: `TrainingError` with code 69, on all ranks.
  package func requireMemory(_ recipe: Recipe) throws -> [String] {
    let verdict = try memoryVerdict(recipe).verdict
    try agree(on: verdict.refusal)
    let mine = world.localRank == 0 ? verdict.warning ?? "" : ""
    return try world.communicator.allgatherv(Array(mine.utf8)).filter { !$0.isEmpty }.map {
      String(decoding: $0, as: UTF8.self)
    }
  }
}
