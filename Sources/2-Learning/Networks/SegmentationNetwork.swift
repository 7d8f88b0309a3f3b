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

/// A segmentation network of the zoo: its layers and their named tensors.
package final class SegmentationNetwork: Model, @unchecked Sendable {
  /// Which network of the zoo it is.
  package let architecture: Architecture
  /// The number of classes.
  package let classCount: Int
  /// The channels of the features that the main classifier reads.
  package let headWidth: Int
  /// The named tensors.
  package let state: StateDict
  /// How its layers want their images normalised.
  let input: InputNormalisation
  private let body: any NetworkBody

  /// A network with new values.
  ///
  /// - Parameters:
  ///   - architecture: which network of the zoo.
  ///   - classCount: the number of classes.
  ///   - headWidth: the channels before the classifier; nil for the published width.
  ///   - start: how the values start, their type and device.
  package convenience init(
    _ architecture: Architecture, classCount: Int, headWidth: Int? = nil, start: Initialisation
  ) {
    self.init(
      architecture, classCount: classCount, headWidth: headWidth, start: start,
      input: architecture.card.input)
  }

  /// A network whose images may be normalised already, for tests; see the other initialiser.
  package init(
    _ architecture: Architecture, classCount: Int, headWidth: Int? = nil, start: Initialisation,
    input: InputNormalisation
  ) {
    self.input = input
    let state = StateDict()
    let scope = Scope(state: state, prefix: "", start: start)
    body = architecture.card.body(scope, classCount, headWidth)
    self.architecture = architecture
    self.classCount = classCount
    self.headWidth = body.width
    self.state = state
  }

  /// Logits and features of images.
  ///
  /// - Parameters:
  ///   - images: `[N, 3, H, W]`, BGR with the mean subtracted, of the type of the parameters.
  ///   - pass: training or evaluation, and the type of the activations. Collective in training.
  ///   - withStages: whether the output has the features of the backbone's stages.
  /// - Returns: logits of the type of the parameters, at H/8 x W/8, rounded up.
  package func callAsFunction(
    _ images: Tensor, _ pass: Pass, withStages: Bool
  ) -> SegmentationOutput {
    let x = input(images).to(pass.precision).contiguous(.channelsLast)
    let found = self(x, TensorOperators(pass: pass))
    let type: ElementType = pass.precision == .bfloat16 ? .float32 : pass.precision
    return SegmentationOutput(
      logits: found.logits.to(type), auxiliaryLogits: found.auxiliaryLogits?.to(type),
      feature: found.feature, stages: withStages ? found.stages : [])
  }

  /// The layers alone: `[N, 3, H, W]`, channels last, to the network's output, of the operators' type.
  func callAsFunction<Run: Operators>(_ x: Run.Value, _ run: Run) -> NetworkValues<Run.Value> {
    body(x, run)
  }
}
