import Torch

/// The kernel of a block: its side and how it moves.
///
/// It is padded by its reach, half its side times the dilation, which keeps the size at stride 1.
struct Kernel {
  let side: Int
  let window: Window

  init(_ side: Int, stride: Int = 1, dilation: Int = 1, groups: Int = 1) {
    self.side = side
    window = Window(
      stride: stride, padding: side / 2 * dilation, dilation: dilation, groups: groups)
  }
}

/// Convolution without bias, BatchNorm, activation: the unit that all the networks are made of.
final class ConvolutionBlock {
  let convolution: Convolution
  let norm: BatchNorm
  let activation: Activation

  /// A block whose convolution and BatchNorm are named by their index, as in PyTorch's `Sequential`.
  /// BatchNorm's weights start at `scale`.
  init(
    _ scope: Scope, names: (String, String) = ("0", "1"), _ inputs: Int, _ outputs: Int,
    _ kernel: Kernel, activation: Activation = .relu, start: Convolution.Start, scale: Double = 1,
    norm settings: BatchNorm.Settings = .usual
  ) {
    convolution = Convolution(
      scope(names.0), inputs, outputs, kernel: kernel.side, kernel.window, start: start)
    norm = BatchNorm(scope(names.1), outputs, scale: scale, settings)
    self.activation = activation
  }

  /// `[N, I, H, W]` to `[N, O, H', W']`; `residual` is added before the activation.
  func callAsFunction<Run: Operators>(
    _ x: Run.Value, _ run: Run, adding residual: Run.Value? = nil
  ) -> Run.Value {
    run.block(x, self, adding: residual)
  }
}
