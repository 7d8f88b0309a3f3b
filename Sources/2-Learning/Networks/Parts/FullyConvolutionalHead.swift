/// What turns features into logits.
protocol Head {
  /// `[N, I, h, w]` to the features before the classifier and the logits `[N, C, h, w]`.
  func callAsFunction<Run: Operators>(
    _ x: Run.Value, _ run: Run
  ) -> (feature: Run.Value, logits: Run.Value)
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
    block = ConvolutionBlock(scope("block"), inputs, width, Kernel(3), start: .head)
    dropout = Dropout(scope, 0.1)
    self.classifier = Convolution(
      classifier, width, classes, kernel: 1, bias: true, start: .head)
  }

  func callAsFunction<Run: Operators>(
    _ x: Run.Value, _ run: Run
  ) -> (feature: Run.Value, logits: Run.Value) {
    let feature = run.dropout(block(x, run), dropout)
    return (feature, run.convolution(feature, classifier))
  }
}
