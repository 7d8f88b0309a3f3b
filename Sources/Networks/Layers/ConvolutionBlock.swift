import Torch

/// Convolution without bias, BatchNorm, activation: the unit that all the networks are made of.
final class ConvolutionBlock {
  private let convolution: Convolution
  private let norm: BatchNorm
  private let activation: Activation

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
  func callAsFunction(_ x: Tensor, _ pass: Pass, adding residual: Tensor? = nil) -> Tensor {
    norm(convolution(x), pass, activation, adding: residual)
  }

  /// The block as one node of a frozen program.
  func compile(
    _ x: FrozenValue, _ program: FrozenProgram, adding residual: FrozenValue? = nil
  ) -> FrozenValue {
    // An outline's weights have a shape alone.
    let folded = program.isOutline ? nil : norm.folded(convolution)
    return program.convolution(
      x, weight: folded?.weight ?? convolution.weight.detached, bias: folded?.bias,
      stride: convolution.stride, padding: convolution.padding,
      dilation: convolution.dilation, groups: convolution.groups, activation: activation,
      adding: residual)
  }
}
