import WeightFiles

extension Plan {
  /// What a node of a plan computes; every number that it needs beside tensors is here.
  ///
  /// Axes are counted from 0. The shapes of operands and results are in the plan.
  package enum Operation: Equatable, Sendable {
    /// Images, weights `[out, in / groups, ...]`, and perhaps a bias `[out]`.
    case convolution(Window, groups: Int)
    /// Images, weights `[in, out / groups, ...]`, and perhaps a bias `[out]`. `padding` says how far
    /// the result goes beyond the windows at its ends.
    case transposedConvolution(Window, groups: Int, padding: [Int])
    /// Images, scale, bias, mean and variance, each `[C]`. In training `momentum` is the share that the old
    /// statistics keep.
    case batchNorm(epsilon: Double, momentum: Double, isTraining: Bool)
    /// Images, scale and bias, each `[C]`.
    case instanceNorm(epsilon: Double)
    /// Images, scale and bias, each `[C]`, or `[groups]` for operators before version 21.
    case groupNorm(groups: Int, epsilon: Double)
    /// A tensor, scale, and perhaps a bias; over all axes from `axis`.
    case layerNorm(axis: Int, epsilon: Double)
    /// alpha * A * B, and perhaps + beta * C.
    case gemm(alpha: Double, beta: Double, transposesA: Bool, transposesB: Bool)
    /// The product of matrices in the last two axes, over broadcast axes before them.
    case matrixProduct
    /// A sum of products, of which each axis has a letter: `bhid,bhjd->bhij`.
    case einsum(String)
    /// The largest element of each window.
    case maxPool(Window)
    /// The mean of each window; padding counts as zeros or not at all.
    case averagePool(Window, countsPadding: Bool)
    /// Over all axes from 2, which stay with size 1.
    case globalPool(Reduction)
    /// Resizing.
    case resize(Resizing)
    /// Over these axes together, perhaps as logarithms.
    case softmax(axes: Range<Int>, logarithm: Bool)
    /// One element from one element.
    case map(Mapping)
    /// One element from one of each operand, of which axes of size 1 are repeated; from the left if
    /// there are more than two.
    case combine(Combination)
    /// Elements and, for negative ones, slopes, of which axes of size 1 are repeated.
    case slope
    /// Truth values, elements where they are true, elements where they are false; all broadcast.
    case select
    /// Over these axes, which stay with size 1 or vanish.
    case reduce(Reduction, axes: [Int], keepsAxes: Bool)
    /// So many elements more, or fewer, before and after each axis.
    case pad(before: [Int], after: [Int], Padding)
    /// Consecutive parts along an axis.
    case split(axis: Int, sizes: [Int])
    /// One after another along an axis.
    case concatenate(axis: Int)
    /// Axis `order[i]` becomes axis i.
    case transpose(order: [Int])
    /// The same elements in the result's shape.
    case reshape
    /// Axes of size 1 are repeated up to the result's shape.
    case expand
    /// Each axis so often.
    case tile([Int])
    /// Elements `start + i * step` of each axis, i below the result's size.
    case slice(starts: [Int], steps: [Int])
    /// Along an axis the elements at these places; the axis becomes axes of `shape`.
    case gather(axis: Int, places: [Int], shape: [Int])
    /// Channels become blocks of pixels. Channels are ordered block first (ONNX's DCR), or channel first
    /// (CRD).
    case depthToSpace(block: Int, isChannelFirst: Bool)
    /// Blocks of pixels become channels, block first.
    case spaceToDepth(block: Int)
    /// Zeros with this chance, in training.
    case dropout(ratio: Double)
    /// The same numbers in another type.
    case cast(ElementType)
  }
}
