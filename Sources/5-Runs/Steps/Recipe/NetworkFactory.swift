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
    if architecture.graphPath != nil {
      return try graph(
        recipe, "student", architecture, recipe.student.outputs, recipe.student.input,
        classCount: recipe.data.classCount, weights: weights ?? recipe.student.weights,
        device: device)
    }
    if let path = weights ?? recipe.student.weights {
      return try network(
        architecture, "student.network", classCount: recipe.data.classCount, from: path, type: type,
        device: device, input: recipe.student.input.normalisation)
    }
    let width = recipe.student.headWidth
    let network = SegmentationNetwork(
      architecture, classCount: recipe.data.classCount, headWidth: width == 0 ? nil : width,
      start: Initialisation(seed: UInt64(recipe.train.seed), type: type, device: device),
      input: recipe.student.input.normalisation)
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
    let targets = recipe.teacher.classes.targets
    let classCount = targets.isEmpty ? recipe.data.classCount : targets.count
    let type = recipe.train.precision.parameterType
    let network: SegmentationNetwork
    if architecture.graphPath != nil {
      network = try graph(
        recipe, "teacher", architecture, recipe.teacher.outputs, recipe.teacher.input,
        classCount: classCount, weights: recipe.teacher.weights, device: device)
      if recipe.teacher.engine == .compiled {
        tell("teacher: \(architecture) runs operator by operator (eager): a graph is not compiled")
      }
      try requireHeads(network, recipe)
    } else if let path = recipe.teacher.weights {
      network = try Self.network(
        architecture, "teacher.network", classCount: classCount, from: path, type: type,
        device: device, input: recipe.teacher.input.normalisation)
    } else {
      // Another stream than the student's, so that equal architectures differ.
      network = SegmentationNetwork(
        architecture, classCount: classCount,
        start: Initialisation(
          seed: ~UInt64(recipe.train.seed), type: type, device: device, branchScale: 0.2),
        input: recipe.teacher.input.normalisation)
    }
    for entry in network.state.parameters { entry.tensor.requiresGradient = false }
    return network
  }

  /// Stops at a teacher without the auxiliary logits that TFE compares with the others.
  private static func requireHeads(
    _ network: SegmentationNetwork, _ recipe: Recipe
  ) throws(TrainingError) {
    guard recipe.distill.method == .rdd, !network.hasAuxiliaryHead else { return }
    throw TrainingError(
      .badData,
      "teacher.network: \(oneLine(network.architecture.rawValue)): found logits alone; expected "
        + "auxiliary logits too, with which TFE compares them; name them in teacher.outputs, or take "
        + "distill.method kd")
  }

  /// The network of an ONNX file, with the file's own weights or with others.
  ///
  /// - Parameters:
  ///   - recipe: the run, whose crop it must fit.
  ///   - section: of the recipe, `student` or `teacher`.
  ///   - architecture: which file.
  ///   - outputs: the names of what it gives.
  ///   - input: how images are normalised for it.
  ///   - classCount: the number of classes that it must have.
  ///   - weights: a file of weights under the names of the graph's; nil: the graph's own.
  ///   - device: where its parameters are.
  private static func graph(
    _ recipe: Recipe, _ section: String, _ architecture: Architecture, _ outputs: Recipe.Outputs,
    _ input: Recipe.Input, classCount: Int, weights: String?, device: Device
  ) throws -> SegmentationNetwork {
    let path = architecture.rawValue
    let crop = Pair(recipe.data.cropHeight, recipe.data.cropWidth)
    let network = try SegmentationNetwork(
      graphAt: path, outputs: outputs.names.isEmpty ? nil : outputs.names, size: crop,
      input: input.normalisation, type: recipe.train.precision.parameterType, device: device)
    let grid = network.grid(of: crop)
    guard grid.vertical <= crop.vertical, grid.horizontal <= crop.horizontal else {
      throw TrainingError(
        .badData,
        "\(section).network: \(oneLine(path)): found logits of \(grid.vertical) x \(grid.horizontal) for "
          + "images of \(crop.vertical) x \(crop.horizontal); expected at most as many; export a network "
          + "without its last resizing")
    }
    guard network.classCount == classCount else {
      let isMapped = classCount != recipe.data.classCount
      throw TrainingError(
        .badData,
        "\(section).network: \(oneLine(path)): found logits of \(network.classCount) classes; expected "
          + "\(classCount), \(isMapped ? "as teacher.classes lists" : "those of the data"); "
          + (section == "student"
            ? "export a network of as many classes, or name another output in student.outputs"
            : "say by teacher.classes which class of the data each of them is"))
    }
    if let weights {
      tell(
        try network.state.load(
          try WeightFile.read(weights), from: weights, network: path))
    }
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
    type: Torch.ElementType, device: Device, input: InputNormalisation? = nil
  ) throws -> SegmentationNetwork {
    let archive = try WeightFile.read(path)
    let network = SegmentationNetwork(
      architecture, classCount: classCount, headWidth: architecture.card?.width(in: archive),
      start: Initialisation(seed: nil, type: type, device: device), input: input)
    let wanted = "\(architecture.rawValue) with \(classCount) classes"
    tell(
      try archive.loading(as: architecture, path, key) {
        try network.state.load(archive, from: path, network: wanted)
      })
    return network
  }

  /// Says what was chosen or left out of a file.
  private static func tell(_ notes: [String]) {
    for note in notes { tell("weights: \(note)") }
  }

  private static func tell(_ line: String) { Logger(label: "rdd").info("\(line)") }
}
