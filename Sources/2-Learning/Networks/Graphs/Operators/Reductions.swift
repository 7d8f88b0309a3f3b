import ONNX
import Torch

extension GraphKernels {
  /// What becomes of the elements along axes; sums in fixed order.
  static func reduced(
    _ node: GraphNode, _ reduction: Plan.Reduction, axes: [Int]
  ) throws(KernelFault) -> GraphKernel {
    try node.requireFloats()
    let (shape, result) = (node.operand, node.result)
    let dimensions = axes.map { $0 + 1 }
    let length = axes.map { shape[$0] }.reduce(1, *)
    guard length > 0 || reduction == .sum || reduction == .product else {
      throw KernelFault(found: "a \(reduction.rawValue) of nothing", expected: "elements")
    }
    guard reduction != .product || length <= 4096 else {
      throw KernelFault(found: "a product of \(length) elements", expected: "at most 4096")
    }
    let function: (Tensor) -> Tensor =
      switch reduction {
      case .sum: { $0.fixedSum(over: dimensions) }
      case .mean: { $0.fixedSum(over: dimensions) / Double(length) }
      case .maximum: { $0.amax(dimensions) }
      case .minimum: { -(-$0).amax(dimensions) }
      case .product: { $0.products(over: dimensions) }
      case .euclidean: { $0.norms(over: dimensions) }
      }
    return { [axes.isEmpty ? $0[0].shaped(result) : function($0[0]).shaped(result)] }
  }
}

extension Tensor {
  /// The products along dimensions, which stay with length 1.
  fileprivate func products(over dimensions: [Int]) -> Tensor {
    dimensions.reduce(self) { x, dimension in
      let length = x.size(dimension)
      guard length > 0 else {
        var shape = x.shape
        shape[dimension] = 1
        return Tensor.full(shape, 1, x.type, device: x.device)
      }
      let parts = (0..<length).map { x.narrowed(dimension, $0..<$0 + 1) }
      return parts.dropFirst().reduce(parts[0], *)
    }
  }

  /// The roots of the sums of squares along dimensions, which stay with length 1; no slope at 0.
  fileprivate func norms(over dimensions: [Int]) -> Tensor {
    let x = detached
    let y = Autograd.withoutHistory { (x * x).fixedSum(over: dimensions).squareRoot }
    return Autograd.custom(y, of: self) { gradient in
      gradient * x / (y + y.equal(0).to(y.type))
    }
  }
}
