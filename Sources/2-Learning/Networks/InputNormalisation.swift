import ImageIO
import Torch

/// How a network wants its images normalised. They come as `Normalisation` of the data makes them,
/// which is what the networks published with RDD want.
package enum InputNormalisation: Sendable {
  /// B, G, R from 0 to 255, with the mean of ImageNet subtracted: as images come.
  case bgrMinusMean
  /// R, G, B from 0 to 1, with torchvision's mean subtracted, divided by its deviation.
  case torchvision

  /// Images `[N, 3, H, W]` as the network wants them, with history.
  func callAsFunction(_ images: Tensor) -> Tensor {
    switch self {
    case .bgrMinusMean: return images
    case .torchvision:
      let (means, deviations) = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
      let scales = deviations.map { 1 / (255 * $0) }
      let shifts = zip(ImageNetMean.bgr.reversed(), zip(means, deviations)).map {
        ($0 / 255 - $1.0) / $1.1
      }
      func perChannel(_ values: [Double]) -> Tensor {
        Tensor(values, [1, 3, 1, 1]).to(images.type, device: images.device)
      }
      let rgb = Tensor.concatenated((0..<3).reversed().map { images.narrowed(1, $0..<$0 + 1) }, 1)
      return rgb * perChannel(scales) + perChannel(shifts)
    }
  }
}
