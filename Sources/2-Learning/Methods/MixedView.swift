import Randomness
import Torch

/// Images that are made of two: each of the batch with another of the global batch.
///
/// Partner, box and share are functions of (seed, iteration, draw), equal on all ranks.
package struct MixedView {
  /// How two images become one.
  package enum Kind: String {
    /// A box of the partner is pasted.
    case cutmix
    /// The two are added with shares.
    case mixup
  }

  /// A box in pixels, and the share of the image outside it.
  package struct Box: Equatable {
    /// Columns of the box.
    package var x: Range<Int>
    /// Rows of the box.
    package var y: Range<Int>
    /// The share of the image that is not the box.
    package var share: Double

    /// The box of a share and a centre: sides int(side * sqrt(1 - share)), cut at the edges.
    ///
    /// Source: CutMix, Yun et al. 2019, `rand_bbox`; the share is the one that is left after cutting.
    package init(height: Int, width: Int, share: Double, x: Int, y: Int) {
      let ratio = (1 - share).squareRoot()
      let (w, h) = (Int(Double(width) * ratio), Int(Double(height) * ratio))
      func side(_ centre: Int, _ length: Int, _ limit: Int) -> Range<Int> {
        min(max(centre - length / 2, 0), limit)..<min(max(centre + length / 2, 0), limit)
      }
      self.x = side(x, w, width)
      self.y = side(y, h, height)
      self.share = 1 - Double(self.x.count * self.y.count) / Double(width * height)
    }
  }

  private let kind: Kind
  private let seed: UInt64

  /// Views of a kind.
  package init(_ kind: Kind, seed: UInt64) {
    self.kind = kind
    self.seed = seed
  }

  /// Asks for the images of all ranks, which partners are taken from.
  func request(_ requests: MethodRequests, _ step: MethodStep) {
    let images = step.images
    let size = images.size(1) * images.size(2) * images.size(3)
    requests.gather("images", rows: images.reshaped([images.size(0), size]))
  }

  /// This rank's images of a draw, `[n, 3, H, W]`.
  ///
  /// - Parameter draw: candidates of one iteration have different ones.
  func images(_ step: MethodStep, _ reduced: Reduced, draw: Int) -> Tensor {
    var random = CounterRandom(method: .mixedViews, seed: seed, step.iteration, draw)
    let shift = 1 + random.integer(below: step.batchSize - 1)
    let share = random.uniform()
    let (height, width) = (step.images.size(2), step.images.size(3))
    let box = Box(
      height: height, width: width, share: share, x: random.integer(below: width),
      y: random.integer(below: height))
    let partners = step.positions.map { Int64(($0 + shift) % step.batchSize) }
    let others = reduced.rows("images")
      .selected(0, Tensor(partners, [partners.count]).to(device: step.images.device))
      .reshaped(step.images.shape)
    guard kind == .cutmix else { return step.images * share + others * (1 - share) }
    let result = step.images.clone()
    result.narrowed(2, box.y).narrowed(3, box.x)
      .copy(from: others.narrowed(2, box.y).narrowed(3, box.x))
    return result
  }
}
