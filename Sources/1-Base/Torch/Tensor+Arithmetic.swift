import CTorch

// Pointwise operators and reductions. Shapes broadcast as in LibTorch.

extension Tensor {
  private static func binary(_ op: ct_binary_operator, _ a: Tensor, _ b: Tensor) -> Tensor {
    make("binary operator", a, b) { ct_binary(&$0, op, a.handle, b.handle) }
  }

  private static func binary(_ op: ct_binary_operator, _ a: Tensor, _ b: Double) -> Tensor {
    make("binary operator", a) { ct_binary_scalar(&$0, op, a.handle, b) }
  }

  private func unary(_ op: ct_unary_operator) -> Tensor {
    .make("unary operator", self) { ct_unary(&$0, op, handle) }
  }

  /// The sum.
  package static func + (a: Tensor, b: Tensor) -> Tensor { binary(CT_ADD, a, b) }
  /// The sum.
  package static func + (a: Tensor, b: Double) -> Tensor { binary(CT_ADD, a, b) }
  /// The difference.
  package static func - (a: Tensor, b: Tensor) -> Tensor { binary(CT_SUB, a, b) }
  /// The difference.
  package static func - (a: Tensor, b: Double) -> Tensor { binary(CT_SUB, a, b) }
  /// The product.
  package static func * (a: Tensor, b: Tensor) -> Tensor { binary(CT_MUL, a, b) }
  /// The product.
  package static func * (a: Tensor, b: Double) -> Tensor { binary(CT_MUL, a, b) }
  /// The quotient.
  package static func / (a: Tensor, b: Tensor) -> Tensor { binary(CT_DIV, a, b) }
  /// The quotient.
  package static func / (a: Tensor, b: Double) -> Tensor { binary(CT_DIV, a, b) }
  /// The opposite.
  package static prefix func - (a: Tensor) -> Tensor { a.unary(CT_NEG) }

  /// Where the elements are equal, as bool.
  package func equal(_ other: Tensor) -> Tensor { .binary(CT_EQ, self, other) }
  /// Where the elements equal a number, as bool.
  package func equal(_ other: Double) -> Tensor { .binary(CT_EQ, self, other) }
  /// Where the elements differ from a number, as bool.
  package func notEqual(_ other: Double) -> Tensor { .binary(CT_NE, self, other) }
  /// Where the elements are at most a number, as bool.
  package func atMost(_ other: Double) -> Tensor { .binary(CT_LE, self, other) }
  /// Where the elements are greater than a number, as bool.
  package func greater(than other: Double) -> Tensor { .binary(CT_GT, self, other) }
  /// Where the elements are at least a number, as bool.
  package func atLeast(_ other: Double) -> Tensor { .binary(CT_GE, self, other) }
  /// Where the elements are at most another tensor's, as bool.
  package func atMost(_ other: Tensor) -> Tensor { .binary(CT_LE, self, other) }
  /// Where the elements are greater than another tensor's, as bool.
  package func greater(than other: Tensor) -> Tensor { .binary(CT_GT, self, other) }
  /// Where both are true.
  package func and(_ other: Tensor) -> Tensor { .binary(CT_AND, self, other) }
  /// Where one or both are true.
  package func or(_ other: Tensor) -> Tensor { .binary(CT_OR, self, other) }
  /// Where exactly one is true.
  package func xor(_ other: Tensor) -> Tensor { .binary(CT_XOR, self, other) }
  /// Where it is not true.
  package var not: Tensor { unary(CT_NOT) }
  /// The larger of two elements.
  package func maximum(_ other: Tensor) -> Tensor { .binary(CT_MAXIMUM, self, other) }
  /// The smaller of two elements.
  package func minimum(_ other: Tensor) -> Tensor { .binary(CT_MINIMUM, self, other) }
  /// The matrix product of the last two dimensions, batched over the others.
  package func matmul(_ other: Tensor) -> Tensor { .binary(CT_MATMUL, self, other) }

  /// e to the power of the elements.
  package var exp: Tensor { unary(CT_EXP) }
  /// The natural logarithm.
  package var log: Tensor { unary(CT_LOG) }
  /// The square root.
  package var squareRoot: Tensor { unary(CT_SQRT) }
  /// The absolute value.
  package var magnitude: Tensor { unary(CT_ABS) }
  /// max(x, 0).
  package var relu: Tensor { unary(CT_RELU) }
  /// The error function.
  package var errorFunction: Tensor { unary(CT_ERF) }
  /// The hyperbolic tangent.
  package var hyperbolicTangent: Tensor { unary(CT_TANH) }
  /// The next whole number below, or the number itself.
  package var floor: Tensor { unary(CT_FLOOR) }
  /// The next whole number above, or the number itself.
  package var ceiling: Tensor { unary(CT_CEIL) }
  /// Where the elements are neither infinite nor NaN, as bool.
  package var isFinite: Tensor { unary(CT_ISFINITE) }
  /// Zeros of the same shape, type, device and memory order.
  package var zerosLike: Tensor { unary(CT_ZERO_LIKE) }

  /// min(max(x, low), high).
  package func clamped(_ low: Double, _ high: Double) -> Tensor {
    .make("clamp", self) { ct_clamp(&$0, handle, low, high) }
  }

  /// `a` where `self` is true, else `b`.
  package func choose(_ a: Tensor, _ b: Tensor) -> Tensor {
    .make("where", self, a, b) { ct_where(&$0, handle, a.handle, b.handle) }
  }

  private func reduce(_ op: ct_reduction, _ dimensions: [Int], _ keep: Bool) -> Tensor {
    .make("reduction", self) {
      ct_reduce(
        &$0, op, handle, dimensions.map(Int64.init), Int32(dimensions.count), keep)
    }
  }

  /// The sum over some dimensions; over all of them if none is given.
  package func sum(_ dimensions: [Int] = [], keepingDimensions keep: Bool = false) -> Tensor {
    reduce(CT_SUM, dimensions, keep)
  }
  /// The mean over some dimensions; over all of them if none is given.
  package func mean(_ dimensions: [Int] = [], keepingDimensions keep: Bool = false) -> Tensor {
    reduce(CT_MEAN, dimensions, keep)
  }
  /// The largest element over some dimensions; over all of them if none is given.
  package func amax(_ dimensions: [Int] = [], keepingDimensions keep: Bool = false) -> Tensor {
    reduce(CT_AMAX, dimensions, keep)
  }
  /// The index of the largest element along a dimension, int64.
  package func argmax(_ dimension: Int) -> Tensor {
    .make("argmax", self) { ct_argmax(&$0, handle, Int32(dimension)) }
  }
  /// The softmax along a dimension.
  package func softmax(_ dimension: Int) -> Tensor {
    .make("softmax", self) { ct_softmax(&$0, handle, Int32(dimension), false) }
  }
  /// The logarithm of the softmax along a dimension, in nats.
  package func logSoftmax(_ dimension: Int) -> Tensor {
    .make("log_softmax", self) { ct_softmax(&$0, handle, Int32(dimension), true) }
  }
  /// The elements at `index` (int64) along a dimension.
  package func gathered(_ dimension: Int, _ index: Tensor) -> Tensor {
    .make("gather", self, index) { ct_gather(&$0, handle, Int32(dimension), index.handle) }
  }
  /// The slices of a dimension that a vector of indices (int64) names, in its order.
  package func selected(_ dimension: Int, _ index: Tensor) -> Tensor {
    .make("index_select", self, index) {
      ct_index_select(&$0, handle, Int32(dimension), index.handle)
    }
  }
  /// The indices (int64) that sort a dimension; equal elements stay in order.
  package func argsort(_ dimension: Int, descending: Bool = false) -> Tensor {
    .make("argsort", self) { ct_argsort(&$0, handle, Int32(dimension), descending) }
  }
}
