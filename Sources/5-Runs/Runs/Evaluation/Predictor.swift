import Datasets
import Difficulty
import Files
import ImageIO
import Networks
import Recipes
import Steps
import Torch

/// Segments whole images with a network.
package struct Predictor {
  /// Logits of images `[n, 3, H, W]`.
  private let forward: Teacher
  private let network: SegmentationNetwork
  private let type: Torch.ElementType
  private let device: Device
  private let scales: [Double]
  private let flip: Bool

  /// A predictor that averages the logits of several scales and of mirrored images.
  package init(
    _ network: SegmentationNetwork, _ recipe: Recipe, scales: [Double] = [1], flip: Bool = false
  ) {
    // As a frozen teacher: compiled where it can be.
    forward = Teacher(network, recipe)
    self.network = network
    type = network.parameterType
    device = network.device
    self.scales = scales
    self.flip = flip
  }

  /// The segmentation of a photo.
  package struct Answer: Sendable {
    /// The class of each pixel, by the largest of the upsampled logits.
    package let classes: GrayImage
    /// Whether all logits are finite; else the classes mean nothing.
    package let isFinite: Bool
  }

  /// The answers about photos of one size.
  ///
  /// One scale: the upsampled logits are never stored. Several: they are averaged at full size.
  ///
  /// - Throws: `FileError` (exit code 65) for photos of a size that a graph does not take.
  package func answers(_ photos: [RGBImage]) throws(FileError) -> [Answer] {
    let (height, width) = (photos[0].height, photos[0].width)
    for scale in scales {
      try network.prepare(
        for: Pair(Resize.length(height, factor: scale), Resize.length(width, factor: scale)))
    }
    let logits = Autograd.withoutHistory { averagedLogits(photos) }
    return zip(logits.classes(height: height, width: width), logits.areFinite).map {
      Answer(classes: $0, isFinite: $1)
    }
  }

  /// The main head's logits `[n, C, h, w]`, float32, contiguous.
  private func averagedLogits(_ photos: [RGBImage]) -> Tensor {
    let images = Tensor.images(photos)
    if scales == [1], !flip { return logits(images) }
    let (height, width) = (photos[0].height, photos[0].width)
    var sum: Tensor?
    for scale in scales {
      let size = (Resize.length(height, factor: scale), Resize.length(width, factor: scale))
      let scaled =
        scale == 1 ? photos : photos.map { Resize.bilinear($0, factor: scale) }
      let input = scale == 1 ? images : Tensor.images(scaled)
      precondition(input.size(2) == size.0 && input.size(3) == size.1, "scaled to \(input.shape)")
      var answers = [Functional.upsample(logits(input), height: height, width: width)]
      if flip {
        let mirrored = Tensor.images(scaled.map(\.mirrored))
        let answer = Functional.upsample(logits(mirrored), height: height, width: width)
        answers.append(answer.mirrored)
      }
      for answer in answers { sum = sum.map { $0 + answer } ?? answer }
    }
    guard let sum else { preconditionFailure("Predictor: no scales; expected at least one") }
    return (sum / Double(scales.count * (flip ? 2 : 1))).contiguous()
  }

  private func logits(_ images: Tensor) -> Tensor {
    forward(images.to(type, device: device)).logits.to(.float32, device: .cpu).contiguous()
  }
}

extension SegmentationOutput {
  /// The logits: float32, contiguous, in host memory.
  package var hostHeads: TaskLoss.Heads {
    func dense(_ tensor: Tensor) -> Tensor { tensor.to(.float32, device: .cpu).contiguous() }
    return TaskLoss.Heads(main: dense(logits), auxiliary: auxiliaryLogits.map(dense))
  }
}

extension TaskLoss.Heads {
  /// Whether all logits are finite; float32, contiguous, in host memory.
  package var areFinite: Bool {
    main.areFinite.allSatisfy { $0 } && auxiliary?.areFinite.allSatisfy { $0 } ?? true
  }
}

extension Tensor {
  /// The class of each pixel by the largest of these logits `[n, C, h, w]`, upsampled; float32,
  /// contiguous, in host memory.
  package func classes(height: Int, width: Int) -> [GrayImage] {
    let perImage = count / size(0)
    let values = data.assumingMemoryBound(to: Float.self)
    return withExtendedLifetime(self) {
      (0..<size(0)).map { index in
        let pixels = Prediction.argmax(
          values + index * perImage, classCount: size(1), lowHeight: size(2), lowWidth: size(3),
          height: height, width: width, threadCount: TorchRuntime.threads)
        return GrayImage(width: width, height: height, pixels: pixels)
      }
    }
  }

  /// Whether all elements are finite, of each image of these logits `[n, C, h, w]`; float32, contiguous,
  /// in host memory.
  var areFinite: [Bool] {
    let perImage = count / size(0)
    return withElements(of: Float.self) { values in
      (0..<size(0)).map { image in
        values[image * perImage..<(image + 1) * perImage].allSatisfy { $0.isFinite }
      }
    }
  }

  /// Photos of one size as `[n, 3, H, W]`, BGR with the mean subtracted.
  package static func images(_ photos: [RGBImage]) -> Tensor {
    let (height, width) = (photos[0].height, photos[0].width)
    let perImage = 3 * height * width
    let tensor = Tensor.empty([photos.count, 3, height, width])
    tensor.withMutableElements(of: Float.self) { values in
      for (index, photo) in photos.enumerated() {
        precondition(
          photo.height == height && photo.width == width,
          "photos \(photo.height)x\(photo.width) and \(height)x\(width); expected one size")
        Normalisation.normalise(
          photo,
          into: UnsafeMutableBufferPointer(
            rebasing: values[index * perImage..<(index + 1) * perImage]))
      }
    }
    return tensor
  }

  /// Mirrored left to right, `[N, C, H, W]`.
  var mirrored: Tensor {
    let width = size(3)
    return Tensor.concatenated((0..<width).reversed().map { narrowed(3, $0..<$0 + 1) }, 3)
  }
}

extension RGBImage {
  /// Mirrored left to right.
  var mirrored: RGBImage {
    var result = pixels
    for row in 0..<height {
      for column in 0..<width {
        let (from, to) = (3 * (row * width + column), 3 * (row * width + width - 1 - column))
        for channel in 0..<3 { result[to + channel] = pixels[from + channel] }
      }
    }
    return RGBImage(width: width, height: height, pixels: result)
  }
}
