import Torch

/// Tensors in training or evaluation, as the pass says; collective in training.
struct TensorOperators: Operators {
  let pass: Pass

  func block(_ x: Tensor, _ block: ConvolutionBlock, adding residual: Tensor?) -> Tensor {
    let y = block.convolution(x)
    guard !block.activation.isFused else {
      return block.norm(y, pass, block.activation, adding: residual)
    }
    return block.norm(y, pass, .none, adding: residual).activated(block.activation)
  }

  func convolution(
    _ x: Tensor, _ layer: Convolution, activation: Activation, adding residual: Tensor?
  ) -> Tensor {
    let y = layer(x)
    return (residual.map { y + $0 } ?? y).activated(activation)
  }

  func scaled(_ x: Tensor, by factors: Tensor) -> Tensor {
    // spread's gradient has a fixed order, where LibTorch's follows the number of images; it has no second
    // derivative, which methods ask of the other passes.
    guard let training = pass.training, !training.isTwiceDifferentiable else { return x * factors }
    return x * factors.spread(3, x.size(3)).spread(2, x.size(2))
  }

  func dropout(_ x: Tensor, _ layer: Dropout) -> Tensor { layer(x, pass) }

  func maxPool(_ x: Tensor, kernel: Int, stride: Int, padding: Int) -> Tensor {
    Functional.maxPool(x, kernel: kernel, stride: stride, padding: padding)
  }

  func averagePool(_ x: Tensor, bins: Int) -> Tensor {
    Functional.adaptiveAveragePool(x, height: bins, width: bins)
  }

  func resized(_ x: Tensor, like other: Tensor, grid: ResizeGrid) -> Tensor {
    Functional.upsample(x, height: other.size(2), width: other.size(3), grid: grid)
  }

  func spread(_ x: Tensor, like other: Tensor) -> Tensor {
    x.expanded([x.size(0), x.size(1), other.size(2), other.size(3)])
  }

  func concatenated(_ values: [Tensor]) -> Tensor { Tensor.concatenated(values, 1) }
}
