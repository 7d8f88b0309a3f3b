import Torch

/// Shapes alone: counts what an image costs, and computes nothing.
final class CountOperators: Operators {
  /// The shape of one image's value.
  struct Value {
    let channels: Int
    let height: Int
    let width: Int

    var count: Int { channels * height * width }
  }

  /// The elements that convolutions give.
  private(set) var convolutionElements = 0
  /// The elements that all other operators give; dropout gives its input.
  private(set) var otherElements = 0
  /// Products of a weight and an element, each with its addition.
  private(set) var multiplyAdds = 0

  func block(_ x: Value, _ block: ConvolutionBlock, adding residual: Value?) -> Value {
    convolution(x, block.convolution, activation: .none, adding: residual)
  }

  func scaled(_ x: Value, by factors: Value) -> Value { counted(x) }

  func convolution(
    _ x: Value, _ layer: Convolution, activation: Activation, adding residual: Value?
  ) -> Value {
    let (outputs, kernel, window) = (layer.weight.size(0), layer.weight.size(2), layer.window)
    // The window's reach is that of its dilated kernel.
    let reach = (kernel - 1) * window.dilation + 1
    let y = Value(
      channels: outputs,
      height: (x.height + 2 * window.padding - reach) / window.stride + 1,
      width: (x.width + 2 * window.padding - reach) / window.stride + 1)
    convolutionElements += y.count
    multiplyAdds += y.count * x.channels / window.groups * kernel * kernel
    return y
  }

  func dropout(_ x: Value, _ layer: Dropout) -> Value { x }

  func maxPool(_ x: Value, kernel: Int, stride: Int, padding: Int) -> Value {
    counted(
      Value(
        channels: x.channels, height: (x.height + 2 * padding - kernel) / stride + 1,
        width: (x.width + 2 * padding - kernel) / stride + 1))
  }

  func averagePool(_ x: Value, bins: Int) -> Value {
    counted(Value(channels: x.channels, height: bins, width: bins))
  }

  func resized(_ x: Value, like other: Value, grid: ResizeGrid) -> Value {
    counted(Value(channels: x.channels, height: other.height, width: other.width))
  }

  func spread(_ x: Value, like other: Value) -> Value {
    resized(x, like: other, grid: .alignedCorners)
  }

  func concatenated(_ values: [Value]) -> Value {
    counted(
      Value(
        channels: values.reduce(0) { $0 + $1.channels }, height: values[0].height,
        width: values[0].width))
  }

  private func counted(_ value: Value) -> Value {
    otherElements += value.count
    return value
  }
}
