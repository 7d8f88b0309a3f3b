import Files
import Methods
import Networks
import Recipes
import Torch

/// The frozen teacher: compiled where it can be, else operator by operator.
package struct Teacher {
  private enum Engine {
    case compiled(FrozenNetwork)
    case eager(any Model, precision: Torch.ElementType, withStages: Bool)
  }
  private let engine: Engine
  /// How its output becomes what the student learns from; by default as it is.
  private var view = TaughtView()

  /// Compiled for host memory.
  package static func compiled(_ network: FrozenNetwork) -> Teacher {
    Teacher(engine: .compiled(network))
  }

  /// LibTorch's operators, in evaluation mode.
  package static func eager(
    _ network: any Model, precision: Torch.ElementType, withStages: Bool
  ) -> Teacher {
    Teacher(engine: .eager(network, precision: precision, withStages: withStages))
  }

  private init(engine: Engine) { self.engine = engine }

  /// A network as the recipe wants its teacher computed, with its output as it is; float64, other devices and
  /// graphs are always eager.
  ///
  /// - Parameters:
  ///   - network: the teacher, or another network in evaluation.
  ///   - recipe: the run.
  ///   - needs: what methods read of it: features, or what a compiled network cannot give.
  package init(_ network: SegmentationNetwork, _ recipe: Recipe, _ needs: MethodNeeds = []) {
    let precision = recipe.train.precision.elementType
    let isPlain = needs.isDisjoint(with: [.adaptation, .inputGradients])
    if isPlain, recipe.teacher.engine == .compiled, precision != .float64, network.device == .cpu,
      network.graph == nil
    {
      engine = .compiled(
        FrozenNetwork(
          network, precision: precision, withFeature: needs.contains(.features),
          withStages: needs.contains(.taughtStages)))
    } else {
      engine = .eager(
        network, precision: precision, withStages: needs.contains(.taughtStages))
    }
  }

  /// The teacher of a student: its logits are of the data's classes and, as its features, on the grid of the
  /// student's logits.
  ///
  /// - Parameters:
  ///   - network: the teacher.
  ///   - recipe: the run.
  ///   - needs: what methods read of it.
  ///   - student: what learns from it.
  package init(
    _ network: SegmentationNetwork, _ recipe: Recipe, _ needs: MethodNeeds = [],
    teaching student: SegmentationNetwork
  ) {
    self.init(network, recipe, needs)
    let targets = recipe.teacher.classes.targets
    if !targets.isEmpty {
      view.classes = ClassMapping(targets, classCount: recipe.data.classCount)
    }
    view.grid = { student.grid(of: $0) }
  }

  /// Stops unless the teacher can be run on images of a size.
  ///
  /// - Throws: `FileError` (exit code 65) for a graph that cannot.
  package func prepare(for size: Pair) throws(FileError) {
    guard case .eager(let network, _, _) = engine else { return }
    try (network as? SegmentationNetwork)?.prepare(for: size)
  }

  /// Logits by the statistics of this batch, which move the running ones, without history.
  /// Collective.
  func adapting(_ images: Tensor, _ training: Pass.Training) -> SegmentationOutput {
    guard case .eager(let network, let precision, let withStages) = engine else {
      preconditionFailure("Teacher.adapting: compiled; expected eager, as methods need it")
    }
    return Autograd.withoutHistory {
      view(
        network(images, .training(training, precision: precision), withStages: withStages),
        of: images)
    }
  }

  /// Logits with history, in evaluation mode.
  func graph(_ images: Tensor) -> Tensor {
    guard case .eager(let network, _, _) = engine else {
      preconditionFailure("Teacher.graph: compiled; expected eager, as methods need it")
    }
    return view(network(images, .evaluation(precision: images.type)), of: images).logits
  }

  /// The teacher's output for images `[N, 3, H, W]`, without history.
  package func callAsFunction(_ images: Tensor) -> SegmentationOutput {
    Autograd.withoutHistory {
      switch engine {
      case .compiled(let network): view(network(images), of: images)
      case .eager(let network, let precision, let withStages):
        view(
          network(images, .evaluation(precision: precision), withStages: withStages), of: images)
      }
    }
  }
}
