import Datasets
import Networks
import Reduction
import Steps
import Testing
import Torch

/// Images moved along the sign of the loss's gradient.
@Suite struct FastGradientSignTests {
  private let network: SegmentationNetwork
  private let images: Tensor
  /// The second image's pixels count for nothing.
  private let labels: Tensor

  init() {
    let (height, width) = (32, 40)
    let size = height * width
    let network = SegmentationNetwork(
      "deeplabv3_resnet18", classCount: 3, start: Initialisation(seed: 1))
    // Levels from 0 to 255: some pixels lie so near the ends that they cannot move the whole way.
    let values = (0..<2 * 3 * size).map { index in
      Double(index * 7919 % 256) - Normalisation.meanBGR[index / size % 3]
    }
    let images = Tensor(values.map(Float.init), [2, 3, height, width])
    Autograd.withoutHistory {
      for iteration in 1...30 {
        let pass = Pass.Training(
          reducer: SingleProcess(), seed: 1, iteration: iteration, positions: 0..<2, dropout: false)
        _ = network(images, .training(pass))
      }
    }
    self.network = network
    self.images = images
    labels = Tensor(
      (0..<2 * size).map { $0 < size ? Int64($0 % 3) : 255 }, [2, height, width])
  }

  /// The cross entropy over the first image's pixels, upsampled as in training.
  private func loss(_ images: Tensor) -> Double {
    Autograd.withoutHistory {
      let first = images.narrowed(0, 0..<1)
      let (height, width) = (first.size(2), first.size(3))
      let logits = Functional.upsample(
        network(first, .evaluation()).logits, height: height, width: width)
      let index = labels.narrowed(0, 0..<1).reshaped([1, 1, height, width])
      return logits.logSoftmax(1).gathered(1, index).to(.float64).sum().item * -1
    }
  }

  @Test func theLossRises() {
    let (before, after) = (loss(images), loss(moved(images, 2)))
    #expect(after > before, "\(before) \(after)")
    // Towards the other side it falls.
    let back = images * 2 - moved(images, 2)
    #expect(loss(back) < before, "\(before) \(loss(back))")
  }

  @Test func stepsAreLevelsWithinBlackAndWhite() {
    let (before, after) = (images.array(Float.self), moved(images, 8).array(Float.self))
    let size = images.size(2) * images.size(3)
    let count = before.count / 2
    #expect(zip(before, after).prefix(count).count { $0 != $1 } > count / 2)
    let strays = zip(before, after).enumerated().count { index, pair in
      let level = pair.1 + Float(Normalisation.meanBGR[index / size % 3])
      let isAtEnd = abs(level) < 0.01 || abs(level - 255) < 0.01
      let isMoved = abs(abs(pair.0 - pair.1) - 8) < 0.01
      return level < -0.01 || level > 255.01 || !(pair.0 == pair.1 || isMoved || isAtEnd)
    }
    #expect(strays == 0)
    let changed = zip(before, after).suffix(count).count { $0 != $1 }
    #expect(changed == 0, "an image without labels")
  }

  /// Ranks see other numbers of images.
  @Test func anImageMovesAlikeInAnyBatch() {
    let alone = FastGradientSign.moved(
      images.narrowed(0, 0..<1), labels: labels.narrowed(0, 0..<1), network, levels: 4)
    let differing = zip(alone.array(Float.self), moved(images, 4).array(Float.self))
      .count { $0 != $1 }
    #expect(differing == 0)
  }

  @Test func parametersGetNoGradient() {
    _ = moved(images, 4)
    #expect(network.state.entries.allSatisfy { $0.tensor.gradient == nil })
  }

  private func moved(_ images: Tensor, _ levels: Double) -> Tensor {
    FastGradientSign.moved(images, labels: labels, network, levels: levels)
  }
}
