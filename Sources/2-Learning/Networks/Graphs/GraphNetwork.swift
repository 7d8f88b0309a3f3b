import Files
import ONNX
import Synchronization
import Torch
import WeightFiles

/// A network of an ONNX file, which trains and evaluates like those of the zoo.
///
/// It is planned for one image of each size that comes, and runs for all images of a batch. Stored tensors
/// of floats are its parameters, under their names in the file; its buffers are means and variances of
/// BatchNormalization, what the exporter calls a buffer, and what no gradient reaches; numbers without an axis
/// are constants. In training the images of all ranks meet in
/// BatchNormalization alone, and the gradient of each image is an addend of its own, so that the bits do
/// not depend on how images lie on ranks. It computes in the type of its parameters.
package final class GraphNetwork: Model, @unchecked Sendable {
  /// The named tensors, in the file's order.
  package let state: StateDict
  /// The outputs that it gives: logits, then perhaps auxiliary logits, then others.
  package let outputs: [String]
  /// The channels of each output.
  package let channels: [Int]
  /// The channels of the features that the main classifier reads; nil where they are not on the logits' grid,
  /// or no convolution classifies.
  package let featureWidth: Int?
  /// The number of classes.
  package var classCount: Int { channels[0] }
  /// A hash of the file's bytes: of what is computed, beside the named tensors.
  package var contentHash: String { graph.contentHash }
  private let graph: Graph
  private let input: InputNormalisation
  private let type: Torch.ElementType
  private let shared: [String: Tensor]
  private let programs = Mutex<[Pair: Kept]>([:])

  /// A program that one mutex hands out to all threads: its kernels keep no state of a pass.
  private struct Kept: @unchecked Sendable {
    let program: GraphProgram
    let outline: NetworkOutline
    /// Height and width of the logits.
    let grid: Pair
  }

  /// A network with the values of its file.
  ///
  /// - Parameters:
  ///   - graph: the file's content; its one input is images `[N, 3, H, W]`.
  ///   - outputs: the names of logits, of auxiliary logits if there are some, and of others; nil: guessed,
  ///     which works where they are called `logits` and `auxiliary`, and for one or two outputs.
  ///   - size: of images that will come, to look at everything before the first one does.
  ///   - input: how the network wants its images normalised.
  ///   - type: of parameters and buffers: float32, or float64 for tests.
  ///   - device: where they lie.
  /// - Throws: `FileError` for a graph that cannot be planned or run, whose outputs are no logits, or
  ///   that has nothing to train.
  package init(
    _ graph: Graph, outputs: [String]? = nil, size: Pair,
    input: InputNormalisation = .bgrMinusMean, type: Torch.ElementType = .float32,
    device: Device = .cpu
  ) throws(FileError) {
    self.graph = graph
    if let outputs { self.outputs = outputs } else { self.outputs = try graph.guessedOutputs() }
    self.input = input
    self.type = type
    let plan = try graph.plan(of: size, self.outputs)
    channels = try graph.channels(plan)
    featureWidth = plan.feature.flatMap { plan.values[$0]?.shape[1] }
    let (state, shared) = try Self.tensors(graph, plan, type, device)
    (self.state, self.shared) = (state, shared)
    _ = try kept(for: size)
  }

  /// The same network with values of its own, which have no gradients.
  init(copying other: GraphNetwork) {
    (graph, outputs, channels) = (other.graph, other.outputs, other.channels)
    (featureWidth, input, type) = (other.featureWidth, other.input, other.type)
    state = StateDict()
    var shared = other.shared
    for entry in other.state.entries {
      let tensor = Autograd.withoutHistory { entry.tensor.detached.clone() }
      state.add(entry.name, tensor, entry.role)
      shared[entry.name] = tensor
    }
    self.shared = shared
  }

  /// The named tensors of a plan, and those of them and of scalars by name.
  private static func tensors(
    _ graph: Graph, _ plan: Plan, _ type: Torch.ElementType, _ device: Device
  ) throws(FileError) -> (StateDict, [String: Tensor]) {
    let statistics = Set(
      plan.nodes.flatMap { node -> ArraySlice<String> in
        if case .batchNorm = node.operation { node.inputs[3...] } else { [] }
      })
    let trained = plan.reachedByGradients.subtracting(graph.buffers).subtracting(statistics)
    let state = StateDict()
    var shared: [String: Tensor] = [:]
    let constants = plan.constants.filter { statistics.contains($0.name) }
    for stored in plan.initialisers + constants where stored.elementType.isFloat {
      try stored.requireSound(in: graph.path, as: type)
      let tensor = stored.tensor(type, device: device)
      shared[stored.name] = tensor
      guard statistics.contains(stored.name) || !stored.shape.isEmpty else { continue }
      let isTrained = trained.contains(stored.name)
      tensor.requiresGradient = isTrained
      state.add(stored.name, tensor, isTrained ? .parameter : .buffer)
    }
    guard !state.parameters.isEmpty else {
      throw .refused(
        graph.path, "graph", found: "no stored tensors of floats",
        expected: "parameters as initialisers", advice: "export the network with its weights")
    }
    return (state, shared)
  }

  /// Plans the network for images of a size, unless that has been done.
  ///
  /// - Throws: `FileError` if it cannot be run on them.
  package func prepare(for size: Pair) throws(FileError) { _ = try kept(for: size) }

  private func kept(for size: Pair) throws(FileError) -> Kept {
    if let kept = programs.withLock({ $0[size] }) { return kept }
    var plan = try graph.plan(of: size, outputs)
    let (grid, outline) = (plan.outputGrid, plan.outline)
    if featureWidth != nil, let feature = plan.feature { plan = plan.giving(feature) }
    let program = try GraphProgram(plan, of: graph, shared: shared, type: type, device: device)
    let kept = Kept(program: program, outline: outline, grid: grid)
    programs.withLock { $0[size] = kept }
    return kept
  }

  /// Height and width of the logits of images of a size.
  ///
  /// A size that the network cannot be planned for ends the job, as with `values`.
  func grid(of size: Pair) -> Pair { planned(size).grid }

  /// How large the network is for images of a size; as `grid`.
  func outline(of size: Pair) -> NetworkOutline { planned(size).outline }

  private func planned(_ size: Pair) -> Kept {
    do throws(FileError) {
      return try kept(for: size)
    } catch {
      TorchRuntime.onFailure("\(error)")
    }
  }

  /// All outputs for images, and the features behind them if there are some.
  private func computed(_ images: Tensor, _ pass: Pass) -> [Tensor] {
    planned(Pair(images.size(2), images.size(3))).program(images.to(type), pass)
      .map { $0.withImagesJoined() }
  }

  /// All outputs for images, as they are in the graph. Collective in training.
  ///
  /// A size that the network cannot be planned for ends the job as a failure of LibTorch does; `prepare`
  /// finds it before.
  ///
  /// - Parameters:
  ///   - images: `[N, 3, H, W]`, as the network wants them.
  ///   - pass: training or evaluation.
  /// - Returns: `[N, C, h, w]` each, of the type of the parameters.
  package func values(_ images: Tensor, _ pass: Pass) -> [Tensor] {
    Array(computed(images, pass).prefix(outputs.count))
  }

  /// Logits and features of images, as the zoo's networks give them; auxiliary logits on the grid of the
  /// logits. Collective in training.
  package func callAsFunction(
    _ images: Tensor, _ pass: Pass, withStages: Bool
  ) -> SegmentationOutput {
    let found = computed(input(images), pass)
    return SegmentationOutput(
      logits: found[0],
      auxiliaryLogits: outputs.count > 1 ? found[1].resized(like: found[0]) : nil,
      feature: found.count > outputs.count ? found[outputs.count] : nil)
  }
}

extension Tensor {
  /// Maps `[N, C, h, w]` on the grid of others, bilinear with aligned corners; as they are where they lie on
  /// it.
  package func resized(like other: Tensor) -> Tensor {
    resized(to: Pair(other.size(2), other.size(3)))
  }

  /// Maps `[N, C, h, w]` of another height and width, bilinear with aligned corners; as they are where they
  /// have them.
  package func resized(to grid: Pair) -> Tensor {
    Pair(size(2), size(3)) == grid
      ? self : Functional.upsample(self, height: grid.vertical, width: grid.horizontal)
  }
}
