import Foundation
import Networks
import Parity
import TestSupport
import Testing
import Torch
import WeightFiles

/// Names, types, shapes and order of every network's tensors are those of the published modules.
@Suite struct StateDictTests {
  /// The networks of which there is a table; PSPNet on ResNet-50 was not published, and LR-ASPP has
  /// torchvision's names (`LRASPPTests`).
  static let published = Architecture.allCases.filter {
    $0 != "psp_resnet50" && $0 != "lraspp_mobilenetv3"
  }

  @Test(arguments: published)
  func equalsTheTable(_ architecture: Architecture) throws {
    let path = Repository.fixture("state_dict/state_dict_\(architecture.rawValue)_19.tsv")
    let expected = try String(contentsOfFile: path, encoding: .utf8)
      .split(separator: "\n").map(String.init)
    let network = SegmentationNetwork(
      architecture, classCount: 19, start: Initialisation(seed: nil))
    let found = network.state.entries.map { entry in
      let lengths = entry.tensor.shape.map(String.init).joined(separator: "x")
      return "\(entry.name)\t\(entry.tensor.type)\t\(lengths.isEmpty ? "scalar" : lengths)"
    }
    #expect(found.count == expected.count)
    for (a, b) in zip(found, expected) { #expect(a == b) }
    let running = ["running_mean", "running_var", "num_batches_tracked"]
    for entry in network.state.entries {
      let isBuffer = running.contains { entry.name.hasSuffix($0) }
      #expect((entry.role == .buffer) == isBuffer && entry.tensor.requiresGradient == !isBuffer)
    }
  }

  /// The published sizes with 19 classes.
  @Test(arguments: [
    (Architecture("deeplabv3_resnet18"), 13_607_974), ("deeplabv3_resnet101", 61_118_950),
    ("deeplabv3_resnet50", 42_126_822), ("psp_resnet18", 12_919_334), ("psp_resnet101", 68_072_166),
    ("deeplab_mobile", 3_233_171), ("psp_mobile", 2_654_739),
  ])
  func parameterCounts(_ architecture: Architecture, _ count: Int) {
    let network = SegmentationNetwork(
      architecture, classCount: 19, start: Initialisation(seed: nil))
    #expect(network.state.parameterCount == count)
  }

  @Test func loadsWhatItStores() throws {
    let source = network("psp_mobile", .float32)
    let archive = TensorArchive(tensors: source.state.stored())
    let target = SegmentationNetwork("psp_mobile", classCount: 5, start: Initialisation(seed: 4))
    try target.state.load(archive, from: "file", network: "psp_mobile")
    for (a, b) in zip(source.state.entries, target.state.entries) {
      #expect(a.tensor.doubles == b.tensor.doubles, "\(a.name)")
    }
  }

  @Test func refusesOtherTensorsAndWritesNothing() throws {
    let source = network("psp_mobile", classes: 6, .float32)
    let tensors = source.state.stored()
    let target = network("psp_mobile", .float32)
    let before = target.state.entries.map(\.tensor.doubles)
    let short = TensorArchive(tensors: Array(tensors.dropFirst()))
    do {
      try target.state.load(short, from: "file", network: "psp_mobile")
      Issue.record("loaded")
    } catch let error as WeightMismatch {
      #expect(
        error.problems.sorted() == [
          "head.classifier.bias F32 [6] instead of [5]",
          "head.classifier.weight F32 [6, 128, 1, 1] instead of [5, 128, 1, 1]",
          "pretrained.net.features.0.0.weight missing",
        ])
      #expect(!error.description.contains("\n"))
    }
    #expect(target.state.entries.map(\.tensor.doubles) == before)
  }

  @Test(arguments: [Architecture("deeplabv3_resnet18"), "psp_mobile"])
  func backboneFilesHaveNoPrefixAndMoreKeys(_ architecture: Architecture) throws {
    let source = network(architecture, .float32)
    let prefix = architecture == "psp_mobile" ? "pretrained.net." : "pretrained."
    var tensors = source.state.entries.filter { $0.name.hasPrefix(prefix) }.map {
      StoredTensor(name: String($0.name.dropFirst(prefix.count)), $0.tensor)
    }
    tensors.append(StoredTensor(name: "fc.weight", Tensor.zeros([10, 4])))
    let target = SegmentationNetwork(architecture, classCount: 5, start: Initialisation(seed: 4))
    let head = target.state["head.block.0.weight"]?.doubles
    try target.state.load(
      TensorArchive(tensors: tensors), from: "file", matching: .backbone, network: "network")
    for (a, b) in zip(source.state.entries, target.state.entries)
    where a.name.hasPrefix("pretrained") {
      #expect(a.tensor.doubles == b.tensor.doubles, "\(a.name)")
    }
    #expect(target.state["head.block.0.weight"]?.doubles == head)
  }

  @Test func startsDependOnTheSeedAlone() {
    func values(_ seed: UInt64) -> [Double] {
      SegmentationNetwork("psp_mobile", classCount: 5, start: Initialisation(seed: seed))
        .state.parameters.flatMap { $0.tensor.doubles.prefix(20) }
    }
    #expect(values(3) == values(3) && values(3) != values(4))
  }
}
