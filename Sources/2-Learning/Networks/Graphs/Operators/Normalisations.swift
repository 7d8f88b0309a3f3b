import ONNX
import Torch

extension GraphKernels {
  /// BatchNormalization over the images of all ranks; collective in training.
  static func batchNorm(
    _ node: GraphNode, _ epsilon: Double, _ momentum: Double
  ) throws(KernelFault) -> GraphKernel {
    guard let mean = node.shared[3], let variance = node.shared[4] else {
      throw KernelFault(found: "statistics that only the images decide", expected: "stored ones")
    }
    func constant(_ value: Double) -> Tensor {
      Tensor.full([node.operand[1]], value, mean.type, device: mean.device)
    }
    // The numbers as they are written, where the file has their float32.
    let settings = BatchNorm.Settings(
      epsilon: Self.written(epsilon), momentum: 1 - Self.written(momentum))
    let isStored = node.shared[1] != nil && node.shared[2] != nil
    let norm = BatchNorm(
      weight: isStored ? node.shared[1] ?? constant(1) : constant(1),
      bias: isStored ? node.shared[2] ?? constant(0) : constant(0), runningMean: mean,
      runningVariance: variance, settings)
    let shape = node.operand
    return { operands in
      let y = norm(operands[0].maps(), operands.pass).fromMaps(operands.count, shape)
      return [isStored ? y : affine(y, operands[1], operands[2], shape)]
    }
  }

  /// The number whose float32 this is, with as few digits as say it.
  private static func written(_ number: Double) -> Double {
    Double("\(Float(number))") ?? number
  }

  static func instanceNorm(_ node: GraphNode, _ epsilon: Double) throws(KernelFault) -> GraphKernel
  {
    let shape = node.operand
    let lines = [shape[0] * shape[1], shape[2...].reduce(1, *)]
    return { operands in
      let x = operands[0].shaped(lines).fixedNormalised(2, epsilon: epsilon).shaped(shape)
      return [affine(x, operands[1], operands[2], shape)]
    }
  }

  static func groupNorm(
    _ node: GraphNode, _ groups: Int, _ epsilon: Double
  ) throws(KernelFault) -> GraphKernel {
    let shape = node.operand
    let lines = [shape[0] * groups, shape[1...].reduce(1, *) / groups]
    // Factors of groups belong to lines of another shape.
    let isByGroup = node.inputs[1].shape == [groups] && groups != shape[1]
    let factored = isByGroup ? [shape[0], groups, lines[1]] : shape
    return { operands in
      let x = operands[0].shaped(lines).fixedNormalised(2, epsilon: epsilon).shaped(factored)
      return [affine(x, operands[1], operands[2], factored).shaped(shape)]
    }
  }

  static func layerNorm(
    _ node: GraphNode, _ axis: Int, _ epsilon: Double
  ) throws(KernelFault) -> GraphKernel {
    try node.requireFloats()
    let shape = node.operand
    let lines = [shape[..<axis].reduce(1, *), shape[axis...].reduce(1, *)]
    return { operands in
      var x = operands[0].shaped(lines).fixedNormalised(2, epsilon: epsilon).shaped(shape)
      x = x * operands[1].broadcast(to: shape)
      return [operands.values.count > 2 ? x + operands[2].broadcast(to: shape) : x]
    }
  }

  /// x, `[N] + [k, C, ...]`, times a factor and plus an addend of each channel, `[N, C]` each.
  private static func affine(
    _ x: Tensor, _ factor: Tensor, _ addend: Tensor, _ shape: [Int]
  ) -> Tensor {
    let channels = [shape[1]] + shape[2...].map { _ in 1 }
    return x * factor.shaped(channels).broadcast(to: shape)
      + addend.shaped(channels).broadcast(to: shape)
  }

  static func softmax(
    _ node: GraphNode, _ axes: Range<Int>, logarithm: Bool
  ) throws(KernelFault) -> GraphKernel {
    try node.requireFloats()
    let shape = node.operand
    guard !shape.contains(0) else {
      throw KernelFault(found: "a softmax of nothing", expected: "elements")
    }
    let lines = Array(shape[..<axes.lowerBound]) + [shape[axes].reduce(1, *)]
    let joined = lines + shape[axes.upperBound...]
    let axis = axes.lowerBound + 1
    return { operands in
      let x = operands[0].shaped(joined)
      return [(logarithm ? x.fixedLogSoftmax(axis) : x.fixedSoftmax(axis)).shaped(shape)]
    }
  }

  /// Dropout as the zoo's: an element's fate follows from the image's position in the global batch.
  static func dropout(_ node: GraphNode, _ ratio: Double) throws(KernelFault) -> GraphKernel {
    try node.requireFloats()
    guard (0..<1).contains(ratio) else {
      throw KernelFault(found: "a dropout of \(ratio)", expected: "a share from 0 to below 1")
    }
    let layer = Dropout(ratio, index: node.dropoutIndex)
    let shape = node.operand
    return { operands in
      let lines = operands[0].shaped([shape.reduce(1, *)])
      return [layer(lines, operands.pass).shaped(shape)]
    }
  }
}
