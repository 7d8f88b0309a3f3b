import CTorch

/// A function of each element that follows a layer.
package enum Activation: Sendable {
  /// Nothing.
  case none
  /// max(x, 0).
  case relu
  /// min(max(x, 0), 6).
  case relu6
  /// x * hardSigmoid(x). Source: PyTorch `Hardswish`.
  case hardSwish
  /// min(max(x + 3, 0), 6) / 6. Source: PyTorch `Hardsigmoid`.
  case hardSigmoid
  /// 1 / (1 + exp(-x)).
  case sigmoid

  /// Whether `BatchNormalization` computes it in its own sweep over memory, gradients too.
  package var isFused: Bool {
    switch self {
    case .none, .relu, .relu6: true
    case .hardSwish, .hardSigmoid, .sigmoid: false
    }
  }

  var code: ct_activation {
    switch self {
    case .none: CT_IDENTITY
    case .relu: CT_RELU_ACTIVATION
    case .relu6: CT_RELU6_ACTIVATION
    case .hardSwish: CT_HARD_SWISH
    case .hardSigmoid: CT_HARD_SIGMOID
    case .sigmoid: CT_SIGMOID
    }
  }
}

extension Tensor {
  /// The function of each element, with history.
  package func activated(_ activation: Activation) -> Tensor {
    switch activation {
    case .none: self
    case .relu: relu
    case .relu6: clamped(0, 6)
    case .hardSwish: self * activated(.hardSigmoid)
    case .hardSigmoid: (self + 3).clamped(0, 6) / 6
    case .sigmoid: Tensor.full([1], 1, type, device: device) / ((self * -1).exp + 1)
    }
  }
}
