import Files
import ONNX
import Torch

/// A network's output for a batch of images.
package struct SegmentationOutput: Sendable {
  /// The main head's scores before softmax, `[N, C, h, w]`.
  package let logits: Tensor
  /// The auxiliary head's, `[N, C, h, w]`; nil for a network without one.
  package let auxiliaryLogits: Tensor?
  /// The features before the main classifier, `[N, F, h, w]`; nil from a frozen network that was
  /// compiled without it.
  package let feature: Tensor?
  /// The features of the backbone's last three stages, `[N, F, h, w]` each; empty if they were not
  /// asked for.
  package let stages: [Tensor]

  /// An output from its parts.
  package init(
    logits: Tensor, auxiliaryLogits: Tensor?, feature: Tensor?, stages: [Tensor] = []
  ) {
    self.logits = logits
    self.auxiliaryLogits = auxiliaryLogits
    self.feature = feature
    self.stages = stages
  }
}

/// A segmentation network: its layers, or its graph, and their named tensors.
package final class SegmentationNetwork: Model, @unchecked Sendable {
  /// Which network it is.
  package let architecture: Architecture
  /// The number of classes.
  package let classCount: Int
  /// The channels of the features that the main classifier reads; nil where it gives no features.
  package let headWidth: Int?
  /// Whether it gives auxiliary logits.
  package let hasAuxiliaryHead: Bool
  /// The named tensors.
  package let state: StateDict
  /// What computes a network of an ONNX file; nil for one of the zoo. A graph has no stages, is not compiled
  /// and is differentiated once.
  package let graph: GraphNetwork?
  /// How its layers want their images normalised.
  let input: InputNormalisation
  /// Nil for a graph.
  private let body: (any NetworkBody)?

  /// A network of the zoo with new values.
  ///
  /// - Parameters:
  ///   - architecture: which network of the zoo.
  ///   - classCount: the number of classes.
  ///   - headWidth: the channels before the classifier; nil for the published width.
  ///   - start: how the values start, their type and device.
  ///   - input: how images are normalised for it; nil: as its card says.
  package init(
    _ architecture: Architecture, classCount: Int, headWidth: Int? = nil, start: Initialisation,
    input: InputNormalisation? = nil
  ) {
    guard let card = architecture.card else {
      preconditionFailure("SegmentationNetwork: \(architecture); expected a network of the zoo")
    }
    self.input = input ?? card.input
    let state = StateDict()
    let scope = Scope(state: state, prefix: "", start: start)
    let body = card.body(scope, classCount, headWidth)
    self.body = body
    self.architecture = architecture
    self.classCount = classCount
    self.headWidth = body.width
    hasAuxiliaryHead = card.hasAuxiliaryHead
    self.state = state
    graph = nil
  }

  /// A network of an ONNX file with the values of the file.
  ///
  /// - Parameters:
  ///   - path: the file.
  ///   - outputs: the names of logits and perhaps of auxiliary logits; nil: guessed.
  ///   - size: of images that will come.
  ///   - input: how images are normalised for it.
  ///   - type: of parameters and buffers: float32, or float64 for tests.
  ///   - device: where they lie.
  /// - Throws: `FileError` for a file without such a network; see `GraphNetwork`.
  package convenience init(
    graphAt path: String, outputs: [String]? = nil, size: Pair, input: InputNormalisation? = nil,
    type: ElementType = .float32, device: Device = .cpu
  ) throws(FileError) {
    let input = input ?? .bgrMinusMean
    let graph = try GraphNetwork(
      try ONNXFile.read(path), outputs: outputs, size: size, input: input, type: type,
      device: device)
    if graph.channels.count > 1, graph.channels[1] != graph.classCount {
      throw .refused(
        path, "output \(quoted(graph.outputs[1]))", found: "\(graph.channels[1]) channels",
        expected: "\(graph.classCount), as output \(quoted(graph.outputs[0])) has",
        advice: "choose auxiliary logits of the same classes")
    }
    self.init(graph, .graph(path), input)
  }

  private init(_ graph: GraphNetwork, _ architecture: Architecture, _ input: InputNormalisation) {
    self.graph = graph
    self.architecture = architecture
    self.input = input
    (classCount, headWidth, state) = (graph.classCount, graph.featureWidth, graph.state)
    hasAuxiliaryHead = graph.outputs.count > 1
    body = nil
  }

  /// A network with copies of the values, which have no gradients.
  package func copy() -> SegmentationNetwork {
    if let graph {
      return SegmentationNetwork(GraphNetwork(copying: graph), architecture, input)
    }
    let copy = SegmentationNetwork(
      architecture, classCount: classCount, headWidth: headWidth,
      start: Initialisation(seed: nil, type: parameterType, device: device), input: input)
    Autograd.withoutHistory {
      for (own, other) in zip(copy.state.entries, state.entries) {
        own.tensor.requiresGradient = false
        own.tensor.copy(from: other.tensor)
      }
    }
    return copy
  }

  /// Stops unless the network can be run on images of a size.
  ///
  /// - Throws: `FileError` (exit code 65) for a graph that cannot.
  package func prepare(for size: Pair) throws(FileError) { try graph?.prepare(for: size) }

  /// Height and width of the logits of images of a size that `prepare` takes.
  package func grid(of size: Pair) -> Pair {
    graph?.grid(of: size) ?? Pair((size.vertical + 7) / 8, (size.horizontal + 7) / 8)
  }

  /// Logits and features of images.
  ///
  /// - Parameters:
  ///   - images: `[N, 3, H, W]`, BGR with the mean subtracted, of the type of the parameters.
  ///   - pass: training or evaluation, and the type of the activations. Collective in training.
  ///   - withStages: whether the output has the features of the backbone's stages.
  /// - Returns: logits of the type of the parameters, on the grid of the images' size.
  package func callAsFunction(
    _ images: Tensor, _ pass: Pass, withStages: Bool
  ) -> SegmentationOutput {
    if let graph { return graph(images, pass, withStages: withStages) }
    let x = input(images).to(pass.precision).contiguous(.channelsLast)
    let found = self(x, TensorOperators(pass: pass))
    let type: ElementType = pass.precision == .bfloat16 ? .float32 : pass.precision
    return SegmentationOutput(
      logits: found.logits.to(type), auxiliaryLogits: found.auxiliaryLogits?.to(type),
      feature: found.feature, stages: withStages ? found.stages : [])
  }

  /// The layers alone, which a network of the zoo has: `[N, 3, H, W]`, channels last, to the network's output,
  /// of the operators' type.
  func callAsFunction<Run: Operators>(_ x: Run.Value, _ run: Run) -> NetworkValues<Run.Value> {
    guard let body else {
      preconditionFailure("SegmentationNetwork: \(architecture); expected a network of the zoo")
    }
    return body(x, run)
  }
}
