import Torch

/// What turns features into logits.
protocol Head {
  /// `[N, I, h, w]` to the features before the classifier and the logits `[N, C, h, w]`.
  func callAsFunction(_ x: Tensor, _ pass: Pass) -> (feature: Tensor, logits: Tensor)

  /// The same as nodes of a frozen program.
  func compile(
    _ x: FrozenValue, _ program: FrozenProgram
  ) -> (feature: FrozenValue, logits: FrozenValue)
}

/// 3x3 convolution, BatchNorm, ReLU, dropout 0.1, 1x1 classifier: the end of every head.
final class FullyConvolutionalHead: Head {
  private let block: ConvolutionBlock
  private let dropout: Dropout
  private let classifier: Convolution

  /// - Parameters:
  ///   - scope: the head's names; the convolution is `block.0`.
  ///   - classifier: the classifier's names: `block.4`, or `classifier` in PSPNet.
  init(_ scope: Scope, classifier: Scope, _ inputs: Int, _ width: Int, classes: Int) {
    block = ConvolutionBlock(scope("block"), inputs, width, kernel: 3, start: .head)
    dropout = Dropout(scope, 0.1)
    self.classifier = Convolution(
      classifier, width, classes, kernel: 1, bias: true, start: .head)
  }

  func callAsFunction(_ x: Tensor, _ pass: Pass) -> (feature: Tensor, logits: Tensor) {
    let feature = dropout(block(x, pass), pass)
    return (feature, classifier(feature))
  }

  func compile(
    _ x: FrozenValue, _ program: FrozenProgram
  ) -> (feature: FrozenValue, logits: FrozenValue) {
    let feature = block.compile(x, program)
    return (feature, classifier.compile(feature, program))
  }
}
