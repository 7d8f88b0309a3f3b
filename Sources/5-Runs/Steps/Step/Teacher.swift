import Methods
import Networks
import Recipes
import Torch

/// The frozen teacher: compiled where it can be, else operator by operator.
package enum Teacher {
  /// Compiled for host memory.
  case compiled(FrozenNetwork)
  /// LibTorch's operators, in evaluation mode.
  case eager(any Model, precision: Torch.ElementType, withStages: Bool)

  /// The teacher as the recipe wants it; float64 and other devices are always eager.
  ///
  /// - Parameters:
  ///   - network: the teacher.
  ///   - recipe: the run.
  ///   - needs: what methods read of it: features, or what a compiled network cannot give.
  package init(_ network: SegmentationNetwork, _ recipe: Recipe, _ needs: MethodNeeds = []) {
    let precision = recipe.train.precision.elementType
    let isPlain = needs.isDisjoint(with: [.adaptation, .inputGradients])
    if isPlain, recipe.teacher.engine == .compiled, precision != .float64, network.device == .cpu {
      self = .compiled(
        FrozenNetwork(
          network, precision: precision, withFeature: needs.contains(.features),
          withStages: needs.contains(.taughtStages)))
    } else {
      self = .eager(
        network, precision: precision, withStages: needs.contains(.taughtStages))
    }
  }

  /// Logits by the statistics of this batch, which move the running ones, without history.
  /// Collective.
  func adapting(_ images: Tensor, _ training: Pass.Training) -> SegmentationOutput {
    guard case .eager(let network, let precision, let withStages) = self else {
      preconditionFailure("Teacher.adapting: compiled; expected eager, as methods need it")
    }
    return Autograd.withoutHistory {
      network(images, .training(training, precision: precision), withStages: withStages)
    }
  }

  /// Logits with history, in evaluation mode.
  func graph(_ images: Tensor) -> Tensor {
    guard case .eager(let network, _, _) = self else {
      preconditionFailure("Teacher.graph: compiled; expected eager, as methods need it")
    }
    return network(images, .evaluation(precision: images.type)).logits
  }

  /// The teacher's output for images `[N, 3, H, W]`, without history.
  package func callAsFunction(_ images: Tensor) -> SegmentationOutput {
    switch self {
    case .compiled(let network): network(images)
    case .eager(let network, let precision, let withStages):
      Autograd.withoutHistory {
        network(images, .evaluation(precision: precision), withStages: withStages)
      }
    }
  }
}
