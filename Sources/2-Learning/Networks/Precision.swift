import Torch

/// Number format of networks; losses are computed in float32 or better. Raw values are what recipes say.
package enum Precision: String, Sendable, CaseIterable {
  /// 32 bits.
  case float32
  /// 16 bits, as wide a range as float32, for the networks' operators; weights stay float32.
  case bfloat16
  /// 64 bits, for tests.
  case float64

  /// LibTorch's type of the activations.
  package var elementType: ElementType {
    switch self {
    case .float32: .float32
    case .bfloat16: .bfloat16
    case .float64: .float64
    }
  }

  /// The type of the weights.
  package var parameterType: ElementType { self == .float64 ? .float64 : .float32 }
}
