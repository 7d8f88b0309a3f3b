import Datasets
import Difficulty
import Networks
import Torch

/// A rank's images of an iteration and what the teacher says about them, which the student's weights do
/// not change.
package struct Lesson {
  /// The places of the images in the global batch; n of them.
  package let positions: Range<Int>
  /// `[n, 3, H, W]` where the networks are.
  package let images: Tensor
  /// The teacher's output for these images; nil without a teacher.
  package let taught: SegmentationOutput?
  /// Class indices `[n, H, W]`, 255 where ignored.
  let labels: TaskLoss.Labels
  private let indices: UnsafeBufferPointer<UInt8>
  /// What the labels lie in.
  private let owner: AnyObject

  /// A lesson on a batch of the loader.
  init(_ batch: Batch, images: Tensor, taught: SegmentationOutput?) {
    self.init(
      positions: batch.positions, images: images, taught: taught,
      labels: UnsafeBufferPointer(batch.labels), owner: batch)
  }

  /// A lesson on images of any origin.
  ///
  /// - Parameters:
  ///   - positions: the places of the images in the global batch.
  ///   - images: `[n, 3, H, W]`, normalised, where the networks are.
  ///   - labels: class indices `[n, H, W]`, 255 where ignored.
  ///   - taught: the teacher's output; nil without a teacher.
  package init(
    positions: Range<Int>, images: Tensor, labels: [UInt8], taught: SegmentationOutput?
  ) {
    let owner = LabelMemory(labels)
    self.init(
      positions: positions, images: images, taught: taught,
      labels: UnsafeBufferPointer(owner.values), owner: owner)
  }

  private init(
    positions: Range<Int>, images: Tensor, taught: SegmentationOutput?,
    labels: UnsafeBufferPointer<UInt8>, owner: AnyObject
  ) {
    let shape = [positions.count, images.size(2), images.size(3)]
    self.positions = positions
    self.images = images
    self.taught = taught
    self.owner = owner
    indices = labels
    self.labels = TaskLoss.Labels(
      labels, imageCount: shape[0], height: shape[1], width: shape[2])
  }

  /// A new copy of the labels `[n, H, W]`, int64, where the images are.
  var labelTensor: Tensor {
    Tensor(Array(indices), [positions.count, images.size(2), images.size(3)])
      .to(.int64, device: images.device)
  }
}

/// Labels that live as long as a lesson.
private final class LabelMemory {
  let values: UnsafeMutableBufferPointer<UInt8>

  init(_ labels: [UInt8]) {
    values = .allocate(capacity: labels.count)
    _ = values.initialize(from: labels)
  }

  deinit { values.deallocate() }
}

extension Batch {
  /// The images `[n, 3, H, W]` in this batch's memory, which the tensor keeps.
  var imageTensor: Tensor {
    guard let base = images.baseAddress else {
      preconditionFailure("Batch: no images; expected at least one a rank")
    }
    return Tensor.over(
      base, [positions.count, 3, crop.height, crop.width], .float32, owner: self)
  }
}
