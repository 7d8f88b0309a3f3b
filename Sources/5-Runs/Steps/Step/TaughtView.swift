import Networks
import Torch

/// A teacher's output as a student learns from it: in the classes of the data, on the grid of the student's
/// logits.
struct TaughtView {
  /// What the teacher's classes are; nil: those of the data.
  var classes: ClassMapping?
  /// Height and width of the student's logits of images of a size; nil: the teacher's.
  var grid: ((Pair) -> Pair)?

  /// The output for images `[n, 3, H, W]`: classes are added first, then logits and features are resized,
  /// bilinear with aligned corners.
  func callAsFunction(_ output: SegmentationOutput, of images: Tensor) -> SegmentationOutput {
    let grid = grid.map { $0(Pair(images.size(2), images.size(3))) }
    func resized(_ map: Tensor) -> Tensor { grid.map { map.resized(to: $0) } ?? map }
    func seen(_ logits: Tensor) -> Tensor { resized(classes.map { $0(logits) } ?? logits) }
    return SegmentationOutput(
      logits: seen(output.logits), auxiliaryLogits: output.auxiliaryLogits.map(seen),
      feature: output.feature.map(resized), stages: output.stages)
  }
}
