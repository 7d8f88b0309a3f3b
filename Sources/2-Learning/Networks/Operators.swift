import Torch

/// The operators that networks are made of. An executor says how each is computed, so a network's layers
/// are written once for training, evaluation, frozen programs and counting.
///
/// Values are `[N, C, H, W]`.
protocol Operators {
  /// What operators take and give.
  associatedtype Value

  /// activation(BatchNorm(convolution(x)) + residual), the residual of the result's shape.
  func block(_ x: Value, _ block: ConvolutionBlock, adding residual: Value?) -> Value

  /// activation(convolution(x) + residual), with the convolution's own bias and a residual of the result's
  /// shape.
  func convolution(
    _ x: Value, _ layer: Convolution, activation: Activation, adding residual: Value?
  ) -> Value

  /// Each channel of x times its factor of `factors`, `[N, C, 1, 1]`.
  func scaled(_ x: Value, by factors: Value) -> Value

  /// The value, of which training zeroes elements at random.
  func dropout(_ x: Value, _ layer: Dropout) -> Value

  /// The largest element of each window, `[N, C, H', W']`.
  func maxPool(_ x: Value, kernel: Int, stride: Int, padding: Int) -> Value

  /// The means of `bins * bins` bins, `[N, C, bins, bins]`.
  func averagePool(_ x: Value, bins: Int) -> Value

  /// Bilinear, to the height and width of `other`.
  func resized(_ x: Value, like other: Value, grid: ResizeGrid) -> Value

  /// `[N, C, 1, 1]` repeated to the height and width of `other`.
  func spread(_ x: Value, like other: Value) -> Value

  /// The values' channels one after the other.
  func concatenated(_ values: [Value]) -> Value
}

extension Operators {
  /// The convolution with its own bias.
  func convolution(
    _ x: Value, _ layer: Convolution, activation: Activation = .none
  ) -> Value {
    convolution(x, layer, activation: activation, adding: nil)
  }

  /// The convolution with its own bias, and a residual of the result's shape.
  func convolution(_ x: Value, _ layer: Convolution, adding residual: Value) -> Value {
    convolution(x, layer, activation: .none, adding: residual)
  }

  /// Bilinear with aligned corners, to the height and width of `other`.
  func resized(_ x: Value, like other: Value) -> Value {
    resized(x, like: other, grid: .alignedCorners)
  }
}
