import Files
import ONNX
import Synchronization
import Torch
import WeightFiles

/// A network of an ONNX file, which trains and evaluates like those of the zoo.
///
/// It is planned for one image of each size that comes, and runs for all images of a batch. Stored tensors
/// of floats are its parameters, under their names in the file; means and variances of BatchNormalization
/// are its buffers; numbers without an axis are constants. In training the images of all ranks meet in
/// BatchNormalization alone, and the gradient of each image is an addend of its own, so that the bits do
/// not depend on how images lie on ranks. It computes in the type of its parameters.
package final class GraphNetwork: Model, @unchecked Sendable {
  /// The named tensors, in the file's order.
  package let state: StateDict
  /// The outputs that it gives: logits, then perhaps auxiliary logits, then others.
  package let outputs: [String]
  /// The number of classes.
  package let classCount: Int
  private let graph: Graph
  private let input: InputNormalisation
  private let type: Torch.ElementType
  private let shared: [String: Tensor]
  private let programs = Mutex<[Pair: Kept]>([:])

  /// A program that one mutex hands out to all threads: its kernels keep no state of a pass.
  private struct Kept: @unchecked Sendable { let program: GraphProgram }

  /// A network with the values of its file.
  ///
  /// - Parameters:
  ///   - graph: the file's content; its one input is images `[N, 3, H, W]`.
  ///   - outputs: the names of logits, of auxiliary logits if there are some, and of others; nil: guessed,
  ///     which works for one or two outputs.
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
    classCount = try graph.classCount(plan)
    let (state, shared) = try Self.tensors(graph, plan, type, device)
    (self.state, self.shared) = (state, shared)
    _ = try program(for: size)
  }

  /// The named tensors of a plan, and those of them and of scalars by name.
  private static func tensors(
    _ graph: Graph, _ plan: Plan, _ type: Torch.ElementType, _ device: Device
  ) throws(FileError) -> (StateDict, [String: Tensor]) {
    let statistics = Set(
      plan.nodes.flatMap { node -> ArraySlice<String> in
        if case .batchNorm = node.operation { node.inputs[3...] } else { [] }
      })
    let state = StateDict()
    var shared: [String: Tensor] = [:]
    let constants = plan.constants.filter { statistics.contains($0.name) }
    for stored in plan.initialisers + constants where stored.elementType.isFloat {
      try stored.requireSound(in: graph.path, as: type)
      let tensor = stored.tensor(type, device: device)
      shared[stored.name] = tensor
      if statistics.contains(stored.name) {
        state.add(stored.name, tensor, .buffer)
      } else if !stored.shape.isEmpty {
        tensor.requiresGradient = true
        state.add(stored.name, tensor, .parameter)
      }
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
  package func prepare(for size: Pair) throws(FileError) { _ = try program(for: size) }

  private func program(for size: Pair) throws(FileError) -> GraphProgram {
    if let kept = programs.withLock({ $0[size] }) { return kept.program }
    let plan = try graph.plan(of: size, outputs)
    let program = try GraphProgram(plan, of: graph, shared: shared, type: type, device: device)
    programs.withLock { $0[size] = Kept(program: program) }
    return program
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
    do throws(FileError) {
      let program = try program(for: Pair(images.size(2), images.size(3)))
      return program(images.to(type), pass).map { $0.withImagesJoined() }
    } catch {
      TorchRuntime.onFailure("\(error)")
    }
  }

  /// Logits of images, as the zoo's networks give them, without features. Collective in training.
  package func callAsFunction(
    _ images: Tensor, _ pass: Pass, withStages: Bool
  ) -> SegmentationOutput {
    let found = values(input(images), pass)
    return SegmentationOutput(
      logits: found[0], auxiliaryLogits: found.count > 1 ? found[1] : nil, feature: nil)
  }
}

extension Graph {
  /// Logits and auxiliary logits: the only output, or two, of which the auxiliary one is named so or is
  /// the second.
  fileprivate func guessedOutputs() throws(FileError) -> [String] {
    let names = outputs.map(\.name)
    guard names.count <= 2 else {
      throw .refused(
        path, "graph",
        found: "\(names.count) outputs: " + names.prefix(16).map(quoted).joined(separator: " "),
        expected: "logits and perhaps auxiliary logits", advice: "name those that are meant")
    }
    let isSwapped =
      names.count == 2 && names[0].lowercased().contains("aux")
      && !names[1].lowercased().contains("aux")
    return isSwapped ? names.reversed() : names
  }

  /// The plan for one image of a size.
  fileprivate func plan(of size: Pair, _ outputs: [String]) throws(FileError) -> Plan {
    try plan(for: [1, 3, size.vertical, size.horizontal], outputs: outputs)
  }

  /// The channels of the first output; all must be maps `[1, C, h, w]` of floats.
  fileprivate func classCount(_ plan: Plan) throws(FileError) -> Int {
    for output in plan.outputs {
      guard let type = plan.values[output.value], type.elementType.isFloat,
        type.shape.count == 4, type.shape[0] == 1, !type.shape.contains(0)
      else {
        throw .refused(
          path, "output \(quoted(output.name))",
          found: plan.values[output.value].map { "\($0)" } ?? "no tensor",
          expected: "floats [1, C, h, w] for one image", advice: "choose outputs that are logits")
      }
    }
    return plan.outputs.first.flatMap { plan.values[$0.value]?.shape[1] } ?? 0
  }
}
