import Recipes
import Torch

extension Recipe {
  /// The device of a rank; one GPU for each local rank.
  package func device(localRank: Int) throws(TrainingError) -> Torch.Device {
    guard train.device == .cuda else { return .cpu }
    guard TorchRuntime.cudaIsAvailable else {
      throw TrainingError(
        .badWorld,
        "train.device: found cuda, but LibTorch \(TorchRuntime.version) sees no GPU; "
          + "expected one for each local rank; build with a CUDA LibTorch or set cpu")
    }
    return .cuda(localRank)
  }
}
