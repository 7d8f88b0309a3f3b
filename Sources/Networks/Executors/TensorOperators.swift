import Torch

/// Tensors in training or evaluation, as the pass says; collective in training.
struct TensorOperators: Operators {
  let pass: Pass

  func block(_ x: Tensor, _ block: ConvolutionBlock, adding residual: Tensor?) -> Tensor {
    block.norm(block.convolution(x), pass, block.activation, adding: residual)
  }

  func convolution(_ x: Tensor, _ layer: Convolution) -> Tensor { layer(x) }

  func dropout(_ x: Tensor, _ layer: Dropout) -> Tensor { layer(x, pass) }

  func maxPool(_ x: Tensor, kernel: Int, stride: Int, padding: Int) -> Tensor {
    Functional.maxPool(x, kernel: kernel, stride: stride, padding: padding)
  }

  func averagePool(_ x: Tensor, bins: Int) -> Tensor {
    Functional.adaptiveAveragePool(x, height: bins, width: bins)
  }

  func resized(_ x: Tensor, like other: Tensor) -> Tensor {
    Functional.upsample(x, height: other.size(2), width: other.size(3))
  }

  func spread(_ x: Tensor, like other: Tensor) -> Tensor {
    x.expanded([x.size(0), x.size(1), other.size(2), other.size(3)])
  }

  func concatenated(_ values: [Tensor]) -> Tensor { Tensor.concatenated(values, 1) }
}
