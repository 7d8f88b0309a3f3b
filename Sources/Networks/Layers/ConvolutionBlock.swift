import Torch

/// Convolution without bias, BatchNorm, activation: the unit that all the networks are made of.
final class ConvolutionBlock {
  let convolution: Convolution
  let norm: BatchNorm
  let activation: Activation

  /// A block whose convolution and norm are named by their index, as in PyTorch's `Sequential`.
  ///
  /// 3x3 kernels are padded by their dilation, which keeps the size at stride 1. The norm's weights
  /// start at `scale`.
  init(
    _ scope: Scope, names: (String, String) = ("0", "1"), _ inputs: Int, _ outputs: Int,
    kernel: Int, stride: Int = 1, dilation: Int = 1, groups: Int = 1,
    activation: Activation = .relu, start: Convolution.Start, scale: Double = 1
  ) {
    convolution = Convolution(
      scope(names.0), inputs, outputs, kernel: kernel, stride: stride,
      padding: kernel / 2 * dilation, dilation: dilation, groups: groups, start: start)
    norm = BatchNorm(scope(names.1), outputs, scale: scale)
    self.activation = activation
  }

  /// `[N, I, H, W]` to `[N, O, H', W']`; `residual` is added before the activation.
  func callAsFunction<Run: Operators>(
    _ x: Run.Value, _ run: Run, adding residual: Run.Value? = nil
  ) -> Run.Value {
    run.block(x, self, adding: residual)
  }
}
