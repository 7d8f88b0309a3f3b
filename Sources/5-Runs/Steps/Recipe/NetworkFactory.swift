import Files
import Logging
import Networks
import Recipes
import Torch
import WeightFiles

/// Makes the networks of a recipe, from files or from the seed.
package enum NetworkFactory {
  /// The student with its starting weights.
  ///
  /// - Parameters:
  ///   - recipe: the run.
  ///   - device: where its parameters are.
  ///   - weights: a file that replaces the recipe's; the head's width follows from it.
  /// - Throws: `FileError`, also for numbers that are not finite; `WeightMismatch`, or `TrainingError` if
  ///   the file says that it is of another network.
  package static func student(
    _ recipe: Recipe, device: Device = .cpu, weights: String? = nil
  ) throws -> SegmentationNetwork {
    let architecture = recipe.student.network
    let type = recipe.train.precision.parameterType
    if let path = weights ?? recipe.student.weights {
      return try network(
        architecture, "student.network", classCount: recipe.data.classCount, from: path, type: type,
        device: device)
    }
    let width = recipe.student.headWidth
    let network = SegmentationNetwork(
      architecture, classCount: recipe.data.classCount, headWidth: width == 0 ? nil : width,
      start: Initialisation(seed: UInt64(recipe.train.seed), type: type, device: device))
    if let path = recipe.student.backboneWeights {
      tell(
        try network.state.load(
          try WeightFile.read(path), from: path, matching: .backbone,
          network: architecture.rawValue))
    }
    return network
  }

  /// The frozen teacher; nil where the recipe learns from labels alone.
  ///
  /// - Throws: as `student(_:device:weights:)`.
  package static func teacher(
    _ recipe: Recipe, device: Device = .cpu
  ) throws -> SegmentationNetwork? {
    guard recipe.distill.method != .none else { return nil }
    let architecture = recipe.teacher.network
    let type = recipe.train.precision.parameterType
    let network: SegmentationNetwork
    if let path = recipe.teacher.weights {
      network = try Self.network(
        architecture, "teacher.network", classCount: recipe.data.classCount, from: path, type: type,
        device: device)
    } else {
      // Another stream than the student's, so that equal architectures differ.
      network = SegmentationNetwork(
        architecture, classCount: recipe.data.classCount,
        start: Initialisation(
          seed: ~UInt64(recipe.train.seed), type: type, device: device, branchScale: 0.2))
    }
    for entry in network.state.parameters { entry.tensor.requiresGradient = false }
    return network
  }

  /// A frozen network of the zoo that a method reads from a file.
  ///
  /// - Throws: as `student(_:device:weights:)`.
  static func auxiliary(
    _ name: String, _ path: String, _ recipe: Recipe, device: Device
  ) throws -> SegmentationNetwork {
    guard let architecture = Architecture(rawValue: name) else {
      preconditionFailure("NetworkFactory: no \(name); expected a network of the zoo")
    }
    let network = try network(
      architecture, "aux_network", classCount: recipe.data.classCount, from: path,
      type: recipe.train.precision.parameterType, device: device)
    for entry in network.state.parameters { entry.tensor.requiresGradient = false }
    return network
  }

  /// A network with a file's weights; `key` is that which names the network.
  private static func network(
    _ architecture: Architecture, _ key: String, classCount: Int, from path: String,
    type: Torch.ElementType, device: Device
  ) throws -> SegmentationNetwork {
    let archive = try WeightFile.read(path)
    let network = SegmentationNetwork(
      architecture, classCount: classCount, headWidth: architecture.card.width(in: archive),
      start: Initialisation(seed: nil, type: type, device: device))
    let wanted = "\(architecture.rawValue) with \(classCount) classes"
    tell(
      try archive.loading(as: architecture, path, key) {
        try network.state.load(archive, from: path, network: wanted)
      })
    return network
  }

  /// Says what was chosen or left out of a file.
  private static func tell(_ notes: [String]) {
    for note in notes { Logger(label: "rdd").info("weights: \(note)") }
  }
}
