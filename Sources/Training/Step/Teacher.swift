import Networks
import Recipes
import Torch

/// The frozen teacher: compiled where it can be, else operator by operator.
public enum Teacher {
  /// Compiled for host memory.
  case compiled(FrozenNetwork)
  /// LibTorch's operators, in evaluation mode.
  case eager(SegmentationNetwork, precision: Torch.ElementType)

  /// The teacher as the recipe wants it; float64 and other devices are always eager.
  ///
  /// - Parameter withFeature: whether its output has what the main classifier reads.
  init(_ network: SegmentationNetwork, _ recipe: Recipe, withFeature: Bool = false) {
    let precision = recipe.train.precision.elementType
    if recipe.teacher.engine == .compiled, precision != .float64, network.device == .cpu {
      self = .compiled(FrozenNetwork(network, precision: precision, withFeature: withFeature))
    } else {
      self = .eager(network, precision: precision)
    }
  }

  /// Logits of images `[N, 3, H, W]`, without history.
  func callAsFunction(_ images: Tensor) -> SegmentationOutput {
    switch self {
    case .compiled(let network): network(images)
    case .eager(let network, let precision):
      Autograd.withoutHistory { network(images, .evaluation(precision: precision)) }
    }
  }
}
