import ImageIO
import Torch

/// How a network wants its images normalised. They come as `Normalisation` of the data makes them,
/// which is what the networks published with RDD want.
package enum InputNormalisation: Sendable {
  /// B, G, R from 0 to 255, with the mean of ImageNet subtracted: as images come.
  case bgrMinusMean
  /// R, G, B from 0 to 1, with torchvision's mean subtracted, divided by its deviation.
  case torchvision
  /// As its numbers say.
  case custom(Custom)

  /// Numbers by which images are normalised: (value * scale / 255 - mean) / deviation of each channel.
  package struct Custom: Sendable, Equatable {
    /// Whether channels are in the order R, G, B; otherwise B, G, R.
    package let isRGB: Bool
    /// What the largest value, 255, becomes before the mean is subtracted.
    package let scale: Double
    /// The mean of each channel, in that order.
    package let mean: [Double]
    /// The standard deviation of each channel, in that order.
    package let deviation: [Double]

    /// Numbers of three channels each.
    package init(isRGB: Bool, scale: Double, mean: [Double], deviation: [Double]) {
      (self.isRGB, self.scale, self.mean, self.deviation) = (isRGB, scale, mean, deviation)
    }
  }

  /// Images `[N, 3, H, W]` as the network wants them, with history.
  package func callAsFunction(_ images: Tensor) -> Tensor {
    switch self {
    case .bgrMinusMean: return images
    case .torchvision:
      return Self.custom(
        Custom(
          isRGB: true, scale: 1, mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225])
      )(images)
    case .custom(let custom):
      let means = custom.isRGB ? ImageNetMean.bgr.reversed() : ImageNetMean.bgr
      let scales = custom.deviation.map { custom.scale / (255 * $0) }
      let shifts = zip(means, zip(custom.mean, custom.deviation)).map {
        ($0 * custom.scale / 255 - $1.0) / $1.1
      }
      func perChannel(_ values: [Double]) -> Tensor {
        Tensor(values, [1, 3, 1, 1]).to(images.type, device: images.device)
      }
      let ordered =
        custom.isRGB
        ? Tensor.concatenated((0..<3).reversed().map { images.narrowed(1, $0..<$0 + 1) }, 1)
        : images
      return ordered * perChannel(scales) + perChannel(shifts)
    }
  }
}
