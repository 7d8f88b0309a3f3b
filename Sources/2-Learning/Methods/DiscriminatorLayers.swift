import Networks
import Torch

/// A 4x4 convolution of stride 2 whose weights are divided by their largest singular value.
///
/// Source: Miyato et al. 2018; one power iteration a step, whose vector is part of the state.
final class Spectral {
  let weight: Tensor
  private let bias: Tensor
  /// The left vector, `[O]`.
  private let left: Tensor
  private var right: Tensor

  init(_ scope: Scope, _ inputs: Int, _ outputs: Int) {
    let bound = 1 / Double(inputs * 16).squareRoot()
    weight = scope.parameter("weight", [outputs, inputs, 4, 4], .uniform(bound: bound))
    bias = scope.parameter("bias", [outputs], .uniform(bound: bound))
    left = scope.buffer("left", [outputs], 1 / Double(outputs).squareRoot())
    right = Tensor.zeros([inputs * 16, 1], weight.type, device: weight.device)
  }

  private var matrix: Tensor {
    weight.reshaped([weight.size(0), weight.count / weight.size(0)])
  }

  /// Moves the vectors towards the largest singular value's.
  func iterate() {
    let (matrix, outputs) = (matrix.detached, weight.size(0))
    right = Losses.normalised(
      matrix.permuted([1, 0]).product(left.reshaped([outputs, 1])), 0)
    left.copy(from: Losses.normalised(matrix.product(right), 0).reshaped([outputs]))
  }

  /// The divided weights `[O, I, 4, 4]`, with history.
  var divided: Tensor {
    let (outputs, inputs) = (matrix.size(0), matrix.size(1))
    let parts = left.clone().reshaped([outputs, 1]) * matrix.product(right)
    let largest = parts.fixedSum(0, keepingDimension: true)
    return (matrix / largest.spread(0, outputs).spread(1, inputs)).reshaped(weight.shape)
  }

  func callAsFunction(_ x: Tensor, _ weight: Tensor) -> Tensor {
    Functional.convolution(x, weight: weight, bias: bias, Window(stride: 2, padding: 1))
  }
}

/// Each position adds what the positions of the image hold that it attends to; nothing at first.
final class Attention {
  private let query: Convolution
  private let key: Convolution
  private let value: Convolution
  private let scale: Tensor

  init(_ scope: Scope, _ channels: Int) {
    func point(_ name: String, _ outputs: Int) -> Convolution {
      Convolution(scope(name), channels, outputs, kernel: 1, bias: true, start: .head)
    }
    query = point("query", channels / 8)
    key = point("key", channels / 8)
    value = point("value", channels)
    scale = scope.parameter("scale", [1], .constant(0))
  }

  /// `[1, C, h, w]` to the same shape.
  func callAsFunction(_ x: Tensor) -> Tensor {
    let energy = Losses.flat(query(x)).permuted([0, 2, 1]).imageProducts(Losses.flat(key(x)))
    let share = energy.fixedSoftmax(2).permuted([0, 2, 1])
    let seen = Losses.flat(value(x)).imageProducts(share).reshaped(x.shape)
    return seen * scale.spread(0, x.count).reshaped(x.shape) + x
  }
}
