import CTorch

// Pointwise operators and reductions. Shapes broadcast as in LibTorch.

extension Tensor {
  private static func binary(_ op: BinaryOperator, _ a: Tensor, _ b: Tensor) -> Tensor {
    make("binary operator", a, b) { ct_binary(&$0, op.rawValue, a.handle, b.handle) }
  }

  private static func binary(_ op: BinaryOperator, _ a: Tensor, _ b: Double) -> Tensor {
    make("binary operator", a) { ct_binary_scalar(&$0, op.rawValue, a.handle, b) }
  }

  private func unary(_ op: UnaryOperator) -> Tensor {
    .make("unary operator", self) { ct_unary(&$0, op.rawValue, handle) }
  }

  /// The sum.
  public static func + (a: Tensor, b: Tensor) -> Tensor { binary(.add, a, b) }
  /// The sum.
  public static func + (a: Tensor, b: Double) -> Tensor { binary(.add, a, b) }
  /// The difference.
  public static func - (a: Tensor, b: Tensor) -> Tensor { binary(.subtract, a, b) }
  /// The difference.
  public static func - (a: Tensor, b: Double) -> Tensor { binary(.subtract, a, b) }
  /// The product.
  public static func * (a: Tensor, b: Tensor) -> Tensor { binary(.multiply, a, b) }
  /// The product.
  public static func * (a: Tensor, b: Double) -> Tensor { binary(.multiply, a, b) }
  /// The quotient.
  public static func / (a: Tensor, b: Tensor) -> Tensor { binary(.divide, a, b) }
  /// The quotient.
  public static func / (a: Tensor, b: Double) -> Tensor { binary(.divide, a, b) }
  /// The opposite.
  public static prefix func - (a: Tensor) -> Tensor { a.unary(.negate) }

  /// Where the elements are equal, as bool.
  public func equal(_ other: Tensor) -> Tensor { .binary(.equal, self, other) }
  /// Where the elements equal a number, as bool.
  public func equal(_ other: Double) -> Tensor { .binary(.equal, self, other) }
  /// Where the elements differ from a number, as bool.
  public func notEqual(_ other: Double) -> Tensor { .binary(.notEqual, self, other) }
  /// Where the elements are at most a number, as bool.
  public func atMost(_ other: Double) -> Tensor { .binary(.lessOrEqual, self, other) }
  /// Where the elements are greater than a number, as bool.
  public func greater(than other: Double) -> Tensor { .binary(.greater, self, other) }
  /// Where the elements are at least a number, as bool.
  public func atLeast(_ other: Double) -> Tensor { .binary(.greaterOrEqual, self, other) }
  /// Where both are true.
  public func and(_ other: Tensor) -> Tensor { .binary(.and, self, other) }
  /// Where one or both are true.
  public func or(_ other: Tensor) -> Tensor { .binary(.or, self, other) }
  /// Where exactly one is true.
  public func xor(_ other: Tensor) -> Tensor { .binary(.xor, self, other) }
  /// Where it is not true.
  public var not: Tensor { unary(.not) }
  /// The larger of two elements.
  public func maximum(_ other: Tensor) -> Tensor { .binary(.maximum, self, other) }
  /// The matrix product of the last two dimensions, batched over the others.
  public func matmul(_ other: Tensor) -> Tensor { .binary(.matmul, self, other) }

  /// e to the power of the elements.
  public var exp: Tensor { unary(.exp) }
  /// The natural logarithm.
  public var log: Tensor { unary(.log) }
  /// The square root.
  public var squareRoot: Tensor { unary(.squareRoot) }
  /// The absolute value.
  public var magnitude: Tensor { unary(.magnitude) }
  /// max(x, 0).
  public var relu: Tensor { unary(.relu) }
  /// Where the elements are neither infinite nor NaN, as bool.
  public var isFinite: Tensor { unary(.isFinite) }
  /// Zeros of the same shape, type, device and memory order.
  public var zerosLike: Tensor { unary(.zerosLike) }

  /// min(max(x, low), high).
  public func clamped(_ low: Double, _ high: Double) -> Tensor {
    .make("clamp", self) { ct_clamp(&$0, handle, low, high) }
  }

  /// `a` where `self` is true, else `b`.
  public func choose(_ a: Tensor, _ b: Tensor) -> Tensor {
    .make("where", self, a, b) { ct_where(&$0, handle, a.handle, b.handle) }
  }

  private func reduce(_ op: Reduction, _ dimensions: [Int], _ keep: Bool) -> Tensor {
    .make("reduction", self) {
      ct_reduce(
        &$0, op.rawValue, handle, dimensions.map(Int64.init), Int32(dimensions.count), keep)
    }
  }

  /// The sum over some dimensions; over all of them if none is given.
  public func sum(_ dimensions: [Int] = [], keepingDimensions keep: Bool = false) -> Tensor {
    reduce(.sum, dimensions, keep)
  }
  /// The mean over some dimensions; over all of them if none is given.
  public func mean(_ dimensions: [Int] = [], keepingDimensions keep: Bool = false) -> Tensor {
    reduce(.mean, dimensions, keep)
  }
  /// The largest element over some dimensions; over all of them if none is given.
  public func amax(_ dimensions: [Int] = [], keepingDimensions keep: Bool = false) -> Tensor {
    reduce(.maximum, dimensions, keep)
  }
  /// The index of the largest element along a dimension, int64.
  public func argmax(_ dimension: Int) -> Tensor {
    .make("argmax", self) { ct_argmax(&$0, handle, Int32(dimension)) }
  }
  /// The softmax along a dimension.
  public func softmax(_ dimension: Int) -> Tensor {
    .make("softmax", self) { ct_softmax(&$0, handle, Int32(dimension), false) }
  }
  /// The logarithm of the softmax along a dimension, in nats.
  public func logSoftmax(_ dimension: Int) -> Tensor {
    .make("log_softmax", self) { ct_softmax(&$0, handle, Int32(dimension), true) }
  }
  /// The elements at `index` (int64) along a dimension.
  public func gathered(_ dimension: Int, _ index: Tensor) -> Tensor {
    .make("gather", self, index) { ct_gather(&$0, handle, Int32(dimension), index.handle) }
  }
  /// The slices of a dimension that a vector of indices (int64) names, in its order.
  public func selected(_ dimension: Int, _ index: Tensor) -> Tensor {
    .make("index_select", self, index) {
      ct_index_select(&$0, handle, Int32(dimension), index.handle)
    }
  }
  /// The indices (int64) that sort a dimension; equal elements stay in order.
  public func argsort(_ dimension: Int, descending: Bool = false) -> Tensor {
    .make("argsort", self) { ct_argsort(&$0, handle, Int32(dimension), descending) }
  }
}

/// The codes of CTorch.h, by name.
private enum BinaryOperator: Int32 {
  case add, subtract, multiply, divide, maximum, equal, notEqual, less, lessOrEqual, greater
  case greaterOrEqual, and, or, xor, matmul
}

private enum UnaryOperator: Int32 {
  case negate, exp, log, squareRoot, magnitude, relu, not, isFinite, zerosLike
}

private enum Reduction: Int32 { case sum, mean, maximum }
