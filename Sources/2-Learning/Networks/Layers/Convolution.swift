import Torch

/// A 2-D convolution with square kernel. Source: PyTorch `Conv2d`.
package final class Convolution {
  /// How the weights start.
  package enum Start {
    /// The published backbones: normal, deviation sqrt(2 / (outputs * k * k)).
    case backbone
    /// PyTorch's default: uniform within 1 / sqrt(fan in), the bias too.
    case head
  }

  /// `[O, I / groups, k, k]`.
  package let weight: Tensor
  let bias: Tensor?
  let window: Window

  /// A convolution.
  ///
  /// - Parameters:
  ///   - scope: the names of its tensors.
  ///   - inputs: the channels that it reads.
  ///   - outputs: the channels that it makes.
  ///   - kernel: the side of the kernel, in elements.
  ///   - window: how the kernel moves.
  ///   - bias: whether a number is added to each channel.
  ///   - start: how its weights start.
  package init(
    _ scope: Scope, _ inputs: Int, _ outputs: Int, kernel: Int, _ window: Window = Window(),
    bias: Bool = false, start: Start
  ) {
    let fanIn = Double(inputs / window.groups * kernel * kernel)
    let uniform = Distribution.uniform(bound: 1 / fanIn.squareRoot())
    let normal = Distribution.normal(
      deviation: (2 / Double(outputs * kernel * kernel)).squareRoot())
    weight = scope.parameter(
      "weight", [outputs, inputs / window.groups, kernel, kernel],
      start == .backbone ? normal : uniform)
    self.bias = bias ? scope.parameter("bias", [outputs], uniform) : nil
    self.window = window
  }

  /// `[N, I, H, W]` to `[N, O, H', W']`, of x's type.
  package func callAsFunction(_ x: Tensor) -> Tensor {
    Functional.convolution(x, weight: weight, bias: bias, window)
  }
}
