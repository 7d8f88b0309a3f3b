import Networks
import Testing
import Torch
import WeightFiles

/// Weights whose names are not quite the network's.
@Suite struct ForeignNamesTests {
  private let source = SegmentationNetwork(
    "psp_mobile", classCount: 5, start: Initialisation(seed: 3))

  /// The source's tensors under other names, and more.
  private func archive(
    more: [StoredTensor] = [], _ name: (String) -> String
  ) -> TensorArchive {
    TensorArchive(tensors: source.state.stored().map { $0.renamed(name($0.name)) } + more)
  }

  private func counter(_ name: String) -> StoredTensor {
    StoredTensor(name: name, Tensor.full([1], 7, .float64))
  }

  private func target() -> SegmentationNetwork {
    SegmentationNetwork("psp_mobile", classCount: 5, start: Initialisation(seed: 4))
  }

  /// DistributedDataParallel, torch.compile, both, Lightning, and what nobody has thought of.
  @Test(arguments: ["module.", "_orig_mod.", "module._orig_mod.", "model.", "net.student."])
  func aPrefixThatAllShareIsLeftOut(_ prefix: String) throws {
    let target = target()
    let notes = try target.state.load(
      archive { prefix + $0 }, from: "file", network: "psp_mobile")
    #expect(notes == ["file: names are read without '\(prefix)', which all have"])
    for (a, b) in zip(source.state.entries, target.state.entries) {
      #expect(a.tensor.doubles == b.tensor.doubles, "\(a.name)")
    }
  }

  @Test func countersOfToolsAreLeftOut() throws {
    let thop = ["total_ops", "head.total_ops", "head.total_params"].map(counter)
    #expect(
      try target().state.load(archive(more: thop) { $0 }, from: "file", network: "psp_mobile")
        == ["file: 3 counters beside the weights are left out"])
    // An averaged model counts its updates beside the prefix.
    let notes = try target().state.load(
      archive(more: [counter("n_averaged")]) { "module." + $0 }, from: "file",
      network: "psp_mobile")
    #expect(notes.count == 2, "\(notes)")
  }

  @Test func aBackboneMayHaveAPrefixToo() throws {
    let tensors = source.state.stored().filter { $0.name.hasPrefix("pretrained.net.") }.map {
      $0.renamed("module." + $0.name.dropFirst("pretrained.net.".count))
    }
    let more = StoredTensor(name: "module.classifier.1.weight", Tensor.zeros([10, 4]))
    let notes = try target().state.load(
      TensorArchive(tensors: tensors + [more]), from: "file", matching: .backbone,
      network: "psp_mobile")
    #expect(notes == ["file: names are read without 'module.', which all have"])
  }

  /// Names that look alike are shown side by side, with what makes them one.
  @Test func namesThatLookAlikeAreShownInPairs() throws {
    let other = archive {
      $0.hasPrefix("pretrained.net.") ? "encoder." + $0.dropFirst("pretrained.net.".count) : $0
    }
    let mismatch = #expect(throws: WeightMismatch.self) {
      try target().state.load(other, from: "file", network: "psp_mobile")
    }
    let message = try #require(mismatch).description
    #expect(
      message.contains(
        "pretrained.net.features.0.0.weight missing, but encoder.features.0.0.weight of the same shape"
      ),
      "\(message)")
    #expect(
      message.hasSuffix("rdd convert file --rename encoder.=pretrained.net. --out NEW"),
      "\(message)")
    #expect(try #require(mismatch).problems.allSatisfy { $0.contains("same shape") })
  }

  /// torchvision's ResNet: this one's names, but for its stem.
  private func torchvisionResNet(_ prefix: String) -> TensorArchive {
    let ours = SegmentationNetwork(
      "deeplabv3_resnet18", classCount: 5, start: Initialisation(seed: 3)
    ).state.stored()
    let start = "pretrained."
    let body = ours.filter {
      $0.name.hasPrefix(start + "layer") || $0.name.hasPrefix(start + "bn1")
    }
    .map { $0.renamed(prefix + $0.name.dropFirst(start.count)) }
    return TensorArchive(
      tensors: [StoredTensor(name: prefix + "conv1.weight", Tensor.zeros([64, 3, 7, 7]))] + body)
  }

  /// No names make torchvision's weights fit, so that none are proposed.
  @Test(arguments: ["", "backbone.", "module."], [StateDict.Matching.backbone, .whole])
  func aStemOfOneConvolutionIsSaid(prefix: String, matching: StateDict.Matching) throws {
    let target = SegmentationNetwork(
      "deeplabv3_resnet18", classCount: 5, start: Initialisation(seed: 4))
    let mismatch = #expect(throws: WeightMismatch.self) {
      try target.state.load(
        torchvisionResNet(prefix), from: "file", matching: matching, network: "deeplabv3_resnet18")
    }
    let message = try #require(mismatch).description
    #expect(message.contains("; the file holds a ResNet as torchvision's: its stem is one 7x7 "))
    #expect(message.hasSuffix("Documentation/weights.md tells which files fit"), "\(message)")
    #expect(!message.contains("--rename") && !message.contains("choose the network"), "\(message)")
  }

  /// torchvision counts the parts of a block once more.
  @Test func namesOfTorchvisionsMobileNetAreSaid() throws {
    let start = "pretrained.net."
    let tensors = source.state.stored().filter { $0.name.hasPrefix(start) }.map {
      let name = String($0.name.dropFirst(start.count))
      return $0.renamed(name.replacing(".conv.0.", with: ".conv.0.0."))
    }
    let mismatch = #expect(throws: WeightMismatch.self) {
      try target().state.load(
        TensorArchive(tensors: tensors), from: "file", matching: .backbone, network: "psp_mobile")
    }
    let message = try #require(mismatch).description
    #expect(message.contains("the file holds torchvision's MobileNetV2: its tensors have other"))
    #expect(!message.contains("--rename"), "\(message)")
  }

  /// A line shows some of each kind.
  @Test func missingAndLeftOverAreShownBoth() throws {
    let tensors = source.state.stored().filter { !$0.name.hasPrefix("head.") }
    let strange = (0..<9).map { StoredTensor(name: "strange.\($0)", Tensor.zeros([3])) }
    let mismatch = #expect(throws: WeightMismatch.self) {
      try target().state.load(
        TensorArchive(tensors: tensors + strange), from: "file", network: "psp_mobile")
    }
    let message = try #require(mismatch).description
    #expect(message.contains(" missing; ") && message.contains("strange.0 left over"), "\(message)")
  }
}
