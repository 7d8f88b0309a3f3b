import Foundation
import ONNX
import Torch

// LibTorch computes some functions otherwise at the ends of each thread's part, so these are made of
// operators that it rounds alike everywhere; gradients too, which therefore are given here.

extension GraphKernels {
  static func mapped(_ node: GraphNode, _ mapping: Plan.Mapping) throws(KernelFault) -> GraphKernel
  {
    switch mapping {
    case .not: return { [$0[0].not] }
    case .negative: return { [-$0[0]] }
    case .absolute: return { [$0[0].magnitude] }
    default: try node.requireFloats()
    }
    let function = function(mapping)
    return { [function($0[0])] }
  }

  private static func function(_ mapping: Plan.Mapping) -> (Tensor) -> Tensor {
    switch mapping {
    case .relu: \.relu
    case .exponential: \.exp
    case .logarithm: \.log
    case .squareRoot: \.squareRoot
    case .absolute: \.magnitude
    case .negative: { -$0 }
    case .not: \.not
    case .floor: \.floor
    case .ceiling: \.ceiling
    case .reciprocal: \.inverse
    case .clip(let range): { $0.clamped(range.lowerBound, range.upperBound) }
    case .hardSigmoid(let alpha, let beta): { ($0 * alpha + beta).clamped(0, 1) }
    case .hardSwish: { $0.activated(.hardSwish) }
    case .leakyRelu(let alpha):
      smooth {
        $0.relu - (-$0).relu * alpha
      } slope: { x, _ in
        x.positive * (1 - alpha) + alpha
      }
    case .elu(let alpha): exponentialUnit(1, alpha)
    case .selu(let alpha, let gamma): exponentialUnit(gamma, alpha)
    case .sigmoid: smooth(\.sigmoid) { _, y in y * (-y + 1) }
    case .tanh: smooth(\.hyperbolicTangent) { _, y in -(y * y) + 1 }
    case .erf:
      smooth(\.errorFunction) { x, _ in (-(x * x)).exp * (2 / Double.pi.squareRoot()) }
    case .softplus: smooth(\.softplus) { x, _ in x.sigmoid }
    case .mish:
      smooth {
        $0 * $0.softplus.hyperbolicTangent
      } slope: { x, _ in
        let t = x.softplus.hyperbolicTangent
        return t + x * x.sigmoid * (-(t * t) + 1)
      }
    case .gelu(let isApproximated): isApproximated ? approximateGelu : gelu
    }
  }

  /// A function of each element, and its slope, of x and y.
  private static func smooth(
    _ function: @escaping (Tensor) -> Tensor, slope: @escaping (Tensor, Tensor) -> Tensor
  ) -> (Tensor) -> Tensor {
    { x in
      let input = x.detached
      let y = Autograd.withoutHistory { function(input) }
      return Autograd.custom(y, of: x) { $0 * slope(input, y) }
    }
  }

  /// gamma * x, or gamma * alpha * (exp(x) - 1) where x is not positive.
  private static func exponentialUnit(_ gamma: Double, _ alpha: Double) -> (Tensor) -> Tensor {
    smooth { x in
      x.relu * gamma + ((-(-x).relu).exp - 1) * (gamma * alpha)
    } slope: { x, _ in
      x.greater(than: 0).choose(x.zerosLike + gamma, (-(-x).relu).exp * (gamma * alpha))
    }
  }

  /// x times the chance that a standard normal number is at most x.
  private static var gelu: (Tensor) -> Tensor {
    func chance(_ x: Tensor) -> Tensor { ((x * 0.5.squareRoot()).errorFunction + 1) * 0.5 }
    return smooth {
      $0 * chance($0)
    } slope: { x, _ in
      chance(x) + x * (x * x * -0.5).exp * (1 / (2 * Double.pi).squareRoot())
    }
  }

  /// The same with a hyperbolic tangent in place of the error function.
  private static var approximateGelu: (Tensor) -> Tensor {
    let factor = (2 / Double.pi).squareRoot()
    func tangent(_ x: Tensor) -> Tensor {
      ((x + x * x * x * 0.044715) * factor).hyperbolicTangent
    }
    return smooth {
      $0 * (tangent($0) + 1) * 0.5
    } slope: { x, _ in
      let t = tangent(x)
      let inner = (x * x * (3 * 0.044715) + 1) * factor
      return (t + 1) * 0.5 + x * (-(t * t) + 1) * inner * 0.5
    }
  }
}

extension Tensor {
  /// 1 / x.
  var inverse: Tensor { Tensor.full([1], 1, type, device: device) / self }

  /// 1 where the elements are above 0, else 0.
  fileprivate var positive: Tensor { greater(than: 0).to(type) }

  /// 1 / (1 + exp(-x)); no gradient of its own, which would be NaN far below 0.
  fileprivate var sigmoid: Tensor { ((-self).exp + 1).inverse }

  /// log(1 + exp(x)), which does not overflow.
  fileprivate var softplus: Tensor { relu + ((-magnitude).exp + 1).log }
}
