import Datasets
import Networks
import Torch

/// Adversarial training by the fast gradient sign method (Goodfellow et al. 2015, arXiv 1412.6572).
package enum FastGradientSign {
  /// Images that are harder for a network, each value moved by `levels` along the sign of the gradient of
  /// the labels' cross entropy.
  ///
  /// The network is in evaluation mode, and each image passes alone and on one thread: in a larger batch,
  /// or shared by threads, a product may round otherwise, and a sign turn over. No rank asks another.
  ///
  /// - Parameters:
  ///   - images: `[n, 3, H, W]`, normalised.
  ///   - labels: `[n, H, W]` int64; 255 counts for nothing.
  ///   - network: for which they become harder.
  ///   - levels: of the 255 between black and white; what would be darker or brighter stays there.
  /// - Returns: `[n, 3, H, W]` without history.
  package static func moved(
    _ images: Tensor, labels: Tensor, _ network: any Model, levels: Double
  ) -> Tensor {
    let black = Tensor(Normalisation.meanBGR.map { -$0 }, [1, 3, 1, 1])
      .to(images.type, device: images.device)
    let parts = (0..<images.size(0)).map { index in
      let image = images.narrowed(0, index..<index + 1)
      let slope = TorchRuntime.withOneThread {
        Self.slope(image, labels.narrowed(0, index..<index + 1), network)
      }
      let signs =
        slope.greater(than: 0).to(images.type) - (slope * -1).greater(than: 0).to(images.type)
      let moved = (image + signs * levels - black).clamped(0, 255) + black
      // Not even rounded where nothing moves it.
      return signs.equal(0).choose(image, moved)
    }
    return Tensor.concatenated(parts, 0)
  }

  /// The gradient of the sum over pixels of the cross entropy with respect to an image.
  private static func slope(
    _ image: Tensor, _ labels: Tensor, _ network: any Model
  ) -> Tensor {
    Autograd.twiceDifferentiable {
      let image = image.clone()
      image.requiresGradient = true
      let (height, width) = (image.size(2), image.size(3))
      let logits = network(image, .evaluation(precision: image.type)).logits
      let ignored = labels.equal(255).reshaped([1, 1, height, width])
      let index = ignored.choose(labels.zerosLike, labels.reshaped([1, 1, height, width]))
      let probabilities = Functional.upsample(logits, height: height, width: width).logSoftmax(1)
      let loss = (probabilities.gathered(1, index) * ignored.not.to(image.type)).sum() * -1
      return Autograd.gradient(of: loss, withRespectTo: image, keepingGraph: false)
    }
  }
}
