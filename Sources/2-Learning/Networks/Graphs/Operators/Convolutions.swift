import ONNX
import Torch

/// A window over one or two axes of images, as both directions of LibTorch's.
private struct Frame {
  let kernel: Pair
  let stride: Pair
  let dilation: Pair
  let before: Pair
  let after: Pair

  init(_ window: Plan.Window) throws(KernelFault) {
    let rank = window.kernel.count
    guard (1...2).contains(rank) else {
      throw KernelFault(found: "windows over \(rank) axes", expected: "windows over one or two")
    }
    func pair(_ sizes: [Int], _ other: Int) -> Pair {
      rank == 1 ? Pair(other, sizes[0]) : Pair(sizes[0], sizes[1])
    }
    kernel = pair(window.kernel, 1)
    stride = pair(window.strides, 1)
    dilation = pair(window.dilations, 1)
    before = pair(window.before, 0)
    after = pair(window.after, 0)
  }

  /// The window; its padding is what stands before each axis.
  func window(groups: Int = 1, padding: Pair) -> WindowPair {
    var window = WindowPair()
    window.stride = stride
    window.padding = padding
    window.dilation = dilation
    window.groups = groups
    return window
  }

  /// Elements from the first to the last one of a window.
  var extent: Pair {
    Pair(
      (kernel.vertical - 1) * dilation.vertical + 1,
      (kernel.horizontal - 1) * dilation.horizontal + 1)
  }

  /// What has to stand after each axis so that windows make a result of this size; negative where some is
  /// left out.
  func rest(_ size: Pair, of old: Pair) -> Pair {
    Pair(
      (size.vertical - 1) * stride.vertical + extent.vertical - old.vertical - before.vertical,
      (size.horizontal - 1) * stride.horizontal + extent.horizontal - old.horizontal
        - before.horizontal)
  }
}

extension GraphKernels {
  /// Images `[N] + [k, C, H, W]`, or without H, as `[N * k, C, H, W]`.
  private static func images(_ x: Tensor, _ shape: [Int]) -> Tensor {
    let size = plane(shape)
    return x.reshaped([x.size(0) * shape[0], shape[1], size.vertical, size.horizontal])
      .contiguous(.channelsLast)
  }

  /// Height and width of a shape; one without a height has 1.
  private static func plane(_ shape: [Int]) -> Pair {
    shape.count == 3 ? Pair(1, shape[2]) : Pair(shape[2], shape[3])
  }

  static func convolution(
    _ node: GraphNode, _ given: Plan.Window, _ groups: Int
  ) throws(KernelFault) -> GraphKernel {
    let frame = try Frame(given)
    let (shape, result) = (node.operand, node.result)
    let size = plane(result)
    let isEven = frame.before == frame.after
    let rest = frame.rest(size, of: plane(shape))
    let window = frame.window(groups: groups, padding: isEven ? frame.before : Pair(both: 0))
    // Weights that all images share add each image's gradient to their sum by themselves, with that of a
    // bias that is a parameter too. PyTorch's exporter writes a bias of zeros where there is none.
    let weight = node.inputs[1].shape.count == 4 ? node.shared[1] : nil
    let addend = node.inputs.count > 2 ? node.shared[2] : nil
    let isZero = addend.map { !$0.requiresGradient && !$0.array(Float.self).contains { $0 != 0 } }
    let hasBias = node.inputs.count > 2 && isZero != true
    let isTogether = weight?.requiresGradient == true && addend?.requiresGradient == true
    let bias = isTogether ? addend : nil
    return { operands in
      var x = images(operands[0], shape)
      if !isEven { x = x.padded(2, frame.before, rest, 0) }
      var y: Tensor
      if let weight {
        y = Functional.convolution(x, weight: weight, bias: bias, window)
      } else {
        y = Functional.convolution(
          x, weightsByImage: imageWeights(operands[1], node, frame, repeated: shape[0]), window)
      }
      y = y.reshaped([operands.count] + result)
      guard hasBias, bias == nil else { return [y] }
      return [biased(y, operands[2], result)]
    }
  }

  static func transposedConvolution(
    _ node: GraphNode, _ given: Plan.Window, _ groups: Int
  ) throws(KernelFault) -> GraphKernel {
    let frame = try Frame(given)
    let (shape, result) = (node.operand, node.result)
    let (old, size) = (plane(shape), plane(result))
    // What the windows cover; a part of it, or zeros behind it, is the result.
    let reach = Pair(
      (old.vertical - 1) * frame.stride.vertical + frame.extent.vertical,
      (old.horizontal - 1) * frame.stride.horizontal + frame.extent.horizontal)
    let crop = Pair(-frame.before.vertical, -frame.before.horizontal)
    let rest = Pair(
      size.vertical + frame.before.vertical - reach.vertical,
      size.horizontal + frame.before.horizontal - reach.horizontal)
    let window = frame.window(groups: groups, padding: Pair(both: 0))
    return { operands in
      let x = images(operands[0], shape)
      let weights = imageWeights(operands[1], node, frame, repeated: shape[0])
      let y = Functional.transposedConvolution(x, weightsByImage: weights, size: reach, window)
        .padded(2, crop, rest, 0).reshaped([operands.count] + result)
      return [node.inputs.count > 2 ? biased(y, operands[2], result) : y]
    }
  }

  /// Each image's weights `[N * k, O, I, kh, kw]`.
  private static func imageWeights(
    _ x: Tensor, _ node: GraphNode, _ frame: Frame, repeated count: Int
  ) -> Tensor {
    let shape = Array(node.inputs[1].shape[..<2])
    let sizes = shape + [frame.kernel.vertical, frame.kernel.horizontal]
    guard count > 1 else { return x.shaped(sizes) }
    return x.shaped([1] + sizes).broadcastCopies(count).reshaped([x.size(0) * count] + sizes)
  }

  /// y, `[N] + [k, C, ...]`, plus a number for each channel, `[N, C]`.
  private static func biased(_ y: Tensor, _ bias: Tensor, _ shape: [Int]) -> Tensor {
    y + bias.shaped([shape[1]] + shape[2...].map { _ in 1 }).broadcast(to: shape)
  }

  static func maxPool(_ node: GraphNode, _ given: Plan.Window) throws(KernelFault) -> GraphKernel {
    let frame = try pooling(node, given)
    let (shape, result) = (node.operand, node.result)
    let rest = frame.rest(plane(result), of: plane(shape))
    let window = frame.window(padding: Pair(both: 0))
    return { operands in
      // Padding is never the largest.
      let x = images(operands[0], shape).padded(2, frame.before, rest, -.infinity)
        .contiguous(.channelsLast)
      let y = Functional.maxPool(x, kernel: frame.kernel, window)
      return [y.fromMaps(operands.count, result)]
    }
  }

  static func averagePool(
    _ node: GraphNode, _ given: Plan.Window, countsPadding: Bool
  ) throws(KernelFault) -> GraphKernel {
    let frame = try pooling(node, given)
    guard frame.dilation == Pair(both: 1) else {
      throw KernelFault(found: "means of dilated windows", expected: "dilations 1")
    }
    let (shape, result) = (node.operand, node.result)
    let (old, size) = (plane(shape), plane(result))
    try node.requireFew([size.vertical, size.horizontal, size.vertical * size.horizontal])
    let rest = frame.rest(size, of: old)
    let window = frame.window(padding: Pair(both: 0))
    func counts(_ size: Int, _ old: Int, _ at: KeyPath<Pair, Int>) -> [Double] {
      // What lies behind the padding counts never.
      let (before, after) = (frame.before[keyPath: at], frame.after[keyPath: at])
      let counted = countsPadding ? -before..<old + after : 0..<old
      return (0..<size).map { place in
        let start = place * frame.stride[keyPath: at] - before
        let end = start + frame.kernel[keyPath: at]
        return Double(max(min(end, counted.upperBound) - max(start, counted.lowerBound), 1))
      }
    }
    let whole = Double(frame.kernel.vertical * frame.kernel.horizontal)
    let across = counts(size.horizontal, old.horizontal, \.horizontal)
    let factors = counts(size.vertical, old.vertical, \.vertical).flatMap { count in
      across.map { whole / (count * $0) }
    }
    let isWhole = factors.allSatisfy { $0 == 1 }
    return { operands in
      let x = images(operands[0], shape).padded(2, frame.before, rest, 0)
        .contiguous(.channelsLast)
      var y = Functional.averagePool(x, kernel: frame.kernel, window)
      if !isWhole {
        let factors = Tensor(factors, [1, 1, size.vertical, size.horizontal])
        y = y * factors.to(y.type, device: y.device)
      }
      return [y.fromMaps(operands.count, result)]
    }
  }

  private static func pooling(
    _ node: GraphNode, _ given: Plan.Window
  ) throws(KernelFault) -> Frame {
    try node.requireFloats()
    return try Frame(given)
  }
}

extension Tensor {
  /// `[N, 1] + S` repeated to `[N, count] + S`.
  fileprivate func broadcastCopies(_ count: Int) -> Tensor {
    spread(to: [size(0), count] + shape[2...])
  }

  /// Elements of a number around two axes; negative counts leave elements out.
  fileprivate func padded(_ axis: Int, _ before: Pair, _ after: Pair, _ value: Double) -> Tensor {
    surrounded(axis, before.vertical, after.vertical, value)
      .surrounded(axis + 1, before.horizontal, after.horizontal, value)
  }
}
