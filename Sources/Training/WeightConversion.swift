import Files
import Networks
import Torch
import WeightFiles

/// Weights from one kind of file into another: `rdd convert`.
public enum WeightConversion {
  /// What of a file is taken.
  public enum Part: String, Sendable, CaseIterable {
    /// All tensors, under their names.
    case all
    /// The backbone alone, under the names that a file of ImageNet weights has.
    case backbone
  }

  /// What a conversion did.
  public struct Summary: Sendable {
    /// Tensors that were written.
    public let tensorCount: Int
    /// Their elements.
    public let elementCount: Int
    /// Tensors of the file that were left out.
    public let leftOut: [String]
  }

  /// Reads a file of weights, and writes it as `.pth` or `.pt` (PyTorch), else as safetensors.
  ///
  /// - Parameters:
  ///   - source: safetensors, or what `torch.save` wrote of a `state_dict`.
  ///   - part: what is taken.
  ///   - network: checks that the tensors are those of this network; nil does not.
  ///   - target: replaced at once if it is there.
  /// - Throws: `FileError`, also for numbers that no network can compute with; `WeightMismatch` with
  ///   every tensor that does not fit.
  public static func run(
    _ source: String, part: Part, network: String?, to target: String
  ) throws -> Summary {
    let archive = try WeightFile.read(source)
    if let network { try check(archive, source, network) }
    let prefixes = ["pretrained.net.", "pretrained."]
    var leftOut: [String] = []
    var taken: [StoredTensor] = []
    for tensor in archive.tensors {
      switch part {
      case .all: taken.append(tensor)
      case .backbone:
        if let prefix = prefixes.first(where: { tensor.name.hasPrefix($0) }) {
          taken.append(
            StoredTensor(
              name: String(tensor.name.dropFirst(prefix.count)), elementType: tensor.elementType,
              shape: tensor.shape, bytes: tensor.bytes))
        } else {
          leftOut.append(tensor.name)
        }
      }
    }
    guard !taken.isEmpty else {
      throw TrainingError(
        .badData,
        "weights: \(source): found no tensor below 'pretrained.'; expected those of a network with "
          + "its backbone; use --part all")
    }
    for tensor in taken { try tensor.requireSound(in: source) }
    let isTorch = target.hasSuffix(".pth") || target.hasSuffix(".pt")
    let result = TensorArchive(tensors: taken, metadata: archive.metadata)
    if isTorch {
      try AtomicFile().writeTorch(result, to: target)
    } else {
      try AtomicFile().writeAtomically(result, to: target)
    }
    return Summary(
      tensorCount: taken.count, elementCount: taken.reduce(0) { $0 + $1.elementCount },
      leftOut: leftOut)
  }

  /// Stops unless a file fits a network: the whole of it, or its backbone alone.
  private static func check(_ archive: TensorArchive, _ path: String, _ name: String) throws {
    guard let architecture = Architecture(rawValue: name) else {
      throw TrainingError(
        .badData,
        "--network: found '\(name)'; expected one of "
          + Architecture.allCases.map(\.rawValue).joined(separator: ", ") + "; correct it")
    }
    let isWhole = archive.tensors.contains { $0.name.hasPrefix("pretrained.") }
    let classifier = archive["head.block.4.bias"] ?? archive["head.classifier.bias"]
    let network = SegmentationNetwork(
      architecture, classCount: classifier?.shape.first ?? 1,
      headWidth: architecture.headWidth(in: archive), start: Initialisation(seed: nil))
    try network.state.load(
      archive, from: path, matching: isWhole ? .whole : .backbone, network: name)
  }
}
