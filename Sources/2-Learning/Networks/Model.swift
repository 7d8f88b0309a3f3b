import Torch

/// A network with named tensors that can be trained: one of the zoo, or of a test.
package protocol Model: AnyObject, Sendable {
  /// The named tensors.
  var state: StateDict { get }

  /// Logits and features of images.
  ///
  /// - Parameters:
  ///   - images: `[N, 3, H, W]`, BGR with the mean subtracted, of the type of the parameters.
  ///   - pass: training or evaluation, and the type of the activations. Collective in training.
  ///   - withStages: whether the output has the features of the backbone's stages.
  /// - Returns: logits of the type of the parameters.
  func callAsFunction(_ images: Tensor, _ pass: Pass, withStages: Bool) -> SegmentationOutput
}

extension Model {
  /// Logits and features of images, without the backbone's stages. Collective in training.
  package func callAsFunction(_ images: Tensor, _ pass: Pass) -> SegmentationOutput {
    self(images, pass, withStages: false)
  }

  /// The type of the parameters: float32, or float64 in tests.
  package var parameterType: ElementType { state.entries[0].tensor.type }
  /// The device of the parameters.
  package var device: Device { state.entries[0].tensor.device }
}
