import ONNX
import Torch

/// How each operation of a plan is computed; a new one is a line here and a kernel in one of these files.
enum GraphKernels {
  /// The kernel of an operation.
  ///
  /// - Throws: `KernelFault` for what only whole plans can have, or what no kernel computes.
  static func kernel(_ node: GraphNode) throws(KernelFault) -> GraphKernel {
    switch node.operation {
    case .convolution(let window, let groups): try convolution(node, window, groups)
    case .transposedConvolution(let window, let groups, _):
      try transposedConvolution(node, window, groups)
    case .maxPool(let window): try maxPool(node, window)
    case .averagePool(let window, let countsPadding):
      try averagePool(node, window, countsPadding: countsPadding)
    case .globalPool(let reduction):
      try reduced(node, reduction, axes: Array(2..<node.operand.count))
    case .batchNorm(let epsilon, let momentum, _): try batchNorm(node, epsilon, momentum)
    case .instanceNorm(let epsilon): try instanceNorm(node, epsilon)
    case .groupNorm(let groups, let epsilon): try groupNorm(node, groups, epsilon)
    case .layerNorm(let axis, let epsilon): try layerNorm(node, axis, epsilon)
    case .gemm(let alpha, let beta, let transposesA, let transposesB):
      try gemm(node, alpha, beta, transposes: (transposesA, transposesB))
    case .matrixProduct: try matrixProduct(node)
    case .einsum(let equation): try einsum(node, equation)
    case .resize(let resizing): try resize(node, resizing)
    case .softmax(let axes, let logarithm): try softmax(node, axes, logarithm: logarithm)
    case .map(let mapping): try mapped(node, mapping)
    case .combine(let combination): try combined(node, combination)
    case .slope: try sloped(node)
    case .select: selected(node)
    case .reduce(let reduction, let axes, _): try reduced(node, reduction, axes: axes)
    case .pad(let before, let after, let padding): try padded(node, before, after, padding)
    case .split(let axis, let sizes): split(axis, sizes)
    case .concatenate(let axis): { [Tensor.concatenated($0.all, axis + 1)] }
    case .transpose(let order): { [$0[0].permuted([0] + order.map { $0 + 1 })] }
    case .reshape: { [$0[0].shaped(node.result)] }
    case .expand: expanded(node)
    case .tile: try tiled(node)
    case .slice(let starts, let steps): try sliced(node, starts, steps)
    case .gather(let axis, let places, _): gathered(node, axis, places)
    case .depthToSpace(let block, let isChannelFirst):
      depthToSpace(node, block, isChannelFirst: isChannelFirst)
    case .spaceToDepth(let block): spaceToDepth(node, block)
    case .dropout(let ratio): try dropout(node, ratio)
    case .cast(let type): cast(node, to: type)
    }
  }
}
