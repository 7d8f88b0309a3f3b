import Torch

/// Nodes of a frozen program: BatchNorm is folded into the convolution before it, nothing is dropped.
struct ProgramOperators: Operators {
  let program: FrozenProgram

  func block(
    _ x: FrozenProgram.Value, _ block: ConvolutionBlock, adding residual: FrozenProgram.Value?
  ) -> FrozenProgram.Value {
    let folded = block.norm.folded(block.convolution)
    return node(
      x, block.convolution, folded.weight, folded.bias, block.activation, adding: residual)
  }

  func convolution(
    _ x: FrozenProgram.Value, _ layer: Convolution, activation: Activation,
    adding residual: FrozenProgram.Value?
  ) -> FrozenProgram.Value {
    node(
      x, layer, layer.weight.detached, layer.bias?.detached, activation, adding: residual)
  }

  func scaled(
    _ x: FrozenProgram.Value, by factors: FrozenProgram.Value
  ) -> FrozenProgram.Value {
    program.scale(x, by: factors)
  }

  func dropout(_ x: FrozenProgram.Value, _ layer: Dropout) -> FrozenProgram.Value { x }

  func maxPool(
    _ x: FrozenProgram.Value, kernel: Int, stride: Int, padding: Int
  ) -> FrozenProgram.Value {
    program.maxPool(x, kernel: kernel, stride: stride, padding: padding)
  }

  func averagePool(_ x: FrozenProgram.Value, bins: Int) -> FrozenProgram.Value {
    program.averagePool(x, bins: bins)
  }

  func resized(
    _ x: FrozenProgram.Value, like other: FrozenProgram.Value, grid: ResizeGrid
  ) -> FrozenProgram.Value {
    program.resize(x, like: other, grid: grid)
  }

  // The aligned resizing of one element is that element everywhere.
  func spread(_ x: FrozenProgram.Value, like other: FrozenProgram.Value) -> FrozenProgram.Value {
    program.resize(x, like: other, grid: .alignedCorners)
  }

  func concatenated(_ values: [FrozenProgram.Value]) -> FrozenProgram.Value {
    program.concatenate(values)
  }

  private func node(
    _ x: FrozenProgram.Value, _ layer: Convolution, _ weight: Tensor, _ bias: Tensor?,
    _ activation: Activation, adding residual: FrozenProgram.Value?
  ) -> FrozenProgram.Value {
    program.convolution(
      x, weight: weight, bias: bias, layer.window, activation: activation, adding: residual)
  }
}

extension BatchNorm {
  /// What a convolution's weights and bias become when this norm follows it, in double.
  fileprivate func folded(_ convolution: Convolution) -> (weight: Tensor, bias: Tensor) {
    let type = convolution.weight.type
    let deviation = (runningVariance.to(.float64) + settings.epsilon).squareRoot
    let scale = weight.detached.to(.float64) / deviation
    let weights = convolution.weight.detached.to(.float64) * scale.reshaped([-1, 1, 1, 1])
    let shift = bias.detached.to(.float64) - runningMean.to(.float64) * scale
    return (weights.to(type), shift.to(type))
  }
}
