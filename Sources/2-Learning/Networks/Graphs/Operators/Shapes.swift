import ONNX
import Torch

extension GraphKernels {
  static func expanded(_ node: GraphNode) -> GraphKernel {
    let result = node.result
    return { [$0[0].aligned(result.count).spread(to: [$0.count] + result)] }
  }

  static func tiled(_ node: GraphNode) throws(KernelFault) -> GraphKernel {
    let (shape, result) = (node.operand, node.result)
    try node.requireFew(result)
    return { operands in
      let tiled = shape.indices.reduce(operands[0]) { x, axis in
        x.taken(axis + 1, (0..<result[axis]).map { $0 % shape[axis] })
      }
      return [tiled]
    }
  }

  static func split(_ axis: Int, _ sizes: [Int]) -> GraphKernel {
    { operands in
      let x = operands[0]
      var start = 0
      return sizes.map { size in
        defer { start += size }
        return x.narrowed(axis + 1, start..<start + size)
      }
    }
  }

  static func sliced(
    _ node: GraphNode, _ starts: [Int], _ steps: [Int]
  ) throws(KernelFault) -> GraphKernel {
    let result = node.result
    try node.requireFew(result.indices.map { steps[$0] == 1 ? 0 : result[$0] })
    return { operands in
      let parts = result.indices.reduce(operands[0]) { x, axis in
        let (start, size) = (starts[axis], result[axis])
        guard steps[axis] != 1 else {
          return size == x.size(axis + 1) ? x : x.narrowed(axis + 1, start..<start + size)
        }
        return x.taken(axis + 1, (0..<size).map { start + $0 * steps[axis] })
      }
      return [parts]
    }
  }

  static func gathered(_ node: GraphNode, _ axis: Int, _ places: [Int]) -> GraphKernel {
    let result = node.result
    return { [$0[0].taken(axis + 1, places).shaped(result)] }
  }

  static func padded(
    _ node: GraphNode, _ before: [Int], _ after: [Int], _ padding: Plan.Padding
  ) throws(KernelFault) -> GraphKernel {
    let shape = node.operand
    if case .constant(let value) = padding {
      return { operands in
        [
          shape.indices.reduce(operands[0]) {
            $0.surrounded($1 + 1, before[$1], after[$1], value)
          }
        ]
      }
    }
    try node.requireFew(node.result)
    let places = shape.indices.map { axis -> [Int] in
      let size = shape[axis]
      return (-before[axis]..<size + after[axis]).map { place in
        switch padding {
        case .reflect: place < 0 ? -place : place < size ? place : 2 * (size - 1) - place
        case .wrap: (place + size) % size
        case .edge, .constant: min(max(place, 0), size - 1)
        }
      }
    }
    return { operands in
      [places.indices.reduce(operands[0]) { $0.taken($1 + 1, places[$1]) }]
    }
  }

  static func depthToSpace(_ node: GraphNode, _ block: Int, isChannelFirst: Bool) -> GraphKernel {
    let (shape, result) = (node.operand, node.result)
    let split =
      isChannelFirst
      ? [shape[0], result[1], block, block, shape[2], shape[3]]
      : [shape[0], block, block, result[1], shape[2], shape[3]]
    let order = isChannelFirst ? [0, 1, 2, 5, 3, 6, 4] : [0, 1, 4, 5, 2, 6, 3]
    return { [$0[0].shaped(split).permuted(order).shaped(result)] }
  }

  static func spaceToDepth(_ node: GraphNode, _ block: Int) -> GraphKernel {
    let (shape, result) = (node.operand, node.result)
    let split = [shape[0], shape[1], result[2], block, result[3], block]
    return { [$0[0].shaped(split).permuted([0, 1, 4, 6, 2, 3, 5]).shaped(result)] }
  }
}

extension Tensor {
  /// The elements at places along a dimension, of which some may come more than once.
  func taken(_ dimension: Int, _ places: [Int]) -> Tensor {
    let start = places.first ?? 0
    if places == Array(start..<start + places.count) {
      return places.count == size(dimension)
        ? self : narrowed(dimension, start..<start + places.count)
    }
    guard type == .float32 || type == .float64 else {
      let index = Tensor(places.map(Int64.init), [places.count])
      return selected(dimension, index.to(device: device))
    }
    return mapped(dimension, LineMap(length: size(dimension), places: places))
  }

  /// Elements of a number before and after a dimension; negative counts leave elements out.
  func surrounded(_ dimension: Int, _ before: Int, _ after: Int, _ value: Double) -> Tensor {
    let size = size(dimension)
    let kept = max(-before, 0)..<size - max(-after, 0)
    let x = kept.count == size ? self : narrowed(dimension, kept)
    let parts = [before, after].map { count -> Tensor? in
      guard count > 0 else { return nil }
      var shape = x.shape
      shape[dimension] = count
      return Tensor.full(shape, value, type, device: device)
    }
    guard parts.contains(where: { $0 != nil }) else { return x }
    return Tensor.concatenated([parts[0], x, parts[1]].compactMap { $0 }, dimension)
  }
}
