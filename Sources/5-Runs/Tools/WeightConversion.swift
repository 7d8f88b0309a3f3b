import Files
import Networks
import Steps
import Torch
import WeightFiles

/// Weights from one kind of file into another: `rdd convert`.
package enum WeightConversion {
  /// What of a file is taken.
  package enum Part: String, Sendable, CaseIterable {
    /// All tensors, under their names.
    case all
    /// The backbone alone, under the names that a file of ImageNet weights has.
    case backbone
  }

  /// What a conversion did.
  package struct Summary: Sendable {
    /// Tensors that were written.
    package let tensorCount: Int
    /// Their elements.
    package let elementCount: Int
    /// Tensors of the file that were left out.
    package let leftOut: [String]
    /// What was chosen, a line each.
    package let notes: [String]
  }

  /// What stands in the place of a name's beginning.
  package struct Renaming: Sendable, Equatable {
    let old: String
    let new: String

    /// A renaming written as `old=new`; nil without the sign.
    package init?(_ text: String) {
      guard let sign = text.firstIndex(of: "=") else { return nil }
      (old, new) = (String(text[..<sign]), String(text[text.index(after: sign)...]))
    }
  }

  /// Why no file of this name can be written; nil if one can.
  package static func refusal(ofTarget target: String) -> String? {
    let endings = [".safetensors", ".pth", ".pt"]
    if endings.contains(where: target.lowercased().hasSuffix) { return nil }
    let name = target.split(separator: "/").last ?? ""
    let ending = name.lastIndex(of: ".").map { "the ending \(name[$0...])" } ?? "no ending"
    return
      "--out: \(target): found \(ending); expected .safetensors, .pth or .pt: rdd writes no other "
      + "kind of file, ONNX neither; choose another name"
  }

  /// Reads a file of weights, and writes it as `.pth` or `.pt` (PyTorch) or as safetensors.
  ///
  /// - Parameters:
  ///   - source: safetensors, or what `torch.save` wrote of a `state_dict`; `FILE#KEY` is a part of it.
  ///   - part: what is taken.
  ///   - renaming: beginnings of names, and what stands in their places; of each name the first that fits.
  ///   - network: checks that the tensors are those of this network; nil does not.
  ///   - target: its ending is one that `refusal(ofTarget:)` takes; replaced at once if it is there.
  /// - Throws: `FileError`, also for numbers that no network can compute with; `WeightMismatch` with
  ///   every tensor that does not fit, or `TrainingError` if the file says that it is of another network.
  package static func run(
    _ source: String, part: Part, renaming: [Renaming] = [], network: String?, to target: String
  ) throws -> Summary {
    if let refusal = refusal(ofTarget: target) { throw TrainingError(.badData, refusal) }
    var archive = try renamed(try WeightFile.read(source), renaming, source)
    if let network { archive = try check(archive, source, network) }
    let prefixes = NetworkTable.backbonePrefixes
    var leftOut: [String] = []
    var taken: [StoredTensor] = []
    for tensor in archive.tensors {
      switch part {
      case .all: taken.append(tensor)
      case .backbone:
        if let prefix = prefixes.first(where: { tensor.name.hasPrefix($0) }) {
          taken.append(tensor.renamed(String(tensor.name.dropFirst(prefix.count))))
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
    let isTorch = !target.lowercased().hasSuffix(".safetensors")
    let result = TensorArchive(tensors: taken, metadata: archive.metadata)
    if isTorch {
      try AtomicFile().writeTorch(result, to: target)
    } else {
      try AtomicFile().writeAtomically(result, to: target)
    }
    return Summary(
      tensorCount: taken.count, elementCount: taken.reduce(0) { $0 + $1.elementCount },
      leftOut: leftOut, notes: archive.notes)
  }

  /// The tensors under other names.
  private static func renamed(
    _ archive: TensorArchive, _ renaming: [Renaming], _ path: String
  ) throws -> TensorArchive {
    guard !renaming.isEmpty else { return archive }
    if let idle = renaming.first(where: { rule in
      !archive.tensors.contains { $0.name.hasPrefix(rule.old) }
    }) {
      let start = archive.tensors.first.map { ", as '\($0.name)'" } ?? ""
      throw TrainingError(
        .badData,
        "--rename: \(path): found no name that begins with '\(idle.old)'; expected the beginning of "
          + "one\(start); correct it")
    }
    var names: Set<String> = []
    let tensors = try archive.tensors.map { tensor -> StoredTensor in
      let rule = renaming.first { tensor.name.hasPrefix($0.old) }
      let name = rule.map { $0.new + tensor.name.dropFirst($0.old.count) } ?? tensor.name
      guard names.insert(name).inserted else {
        throw TrainingError(
          .badData,
          "--rename: \(path): found two tensors that become '\(name)'; expected different names; "
            + "correct it")
      }
      return tensor.renamed(name)
    }
    return TensorArchive(tensors: tensors, metadata: archive.metadata, notes: archive.notes)
  }

  /// Stops unless a file fits a network: the whole of it, or its backbone alone.
  ///
  /// - Returns: the tensors under the network's names.
  private static func check(
    _ archive: TensorArchive, _ path: String, _ name: String
  ) throws -> TensorArchive {
    guard let architecture = Architecture(rawValue: name), let card = architecture.card else {
      throw TrainingError(
        .badData,
        "--network: found '\(name)'; expected one of "
          + Architecture.allCases.map(\.rawValue).joined(separator: ", ") + "; correct it")
    }
    let isWhole = card.isWhole(archive)
    let network = SegmentationNetwork(
      architecture, classCount: card.classCount(in: archive) ?? 1,
      headWidth: card.width(in: archive), start: Initialisation(seed: nil))
    let matching = isWhole ? StateDict.Matching.whole : .backbone
    let fitted = network.state.fitted(archive, from: path, matching: matching)
    func load() throws -> [String] {
      try network.state.load(fitted, from: path, matching: matching, network: name)
    }
    // The backbone of a file may be that of several networks.
    let notes =
      try isWhole ? archive.loading(as: architecture, path, "--network", load) : load()
    return TensorArchive(tensors: fitted.tensors, metadata: fitted.metadata, notes: notes)
  }
}
