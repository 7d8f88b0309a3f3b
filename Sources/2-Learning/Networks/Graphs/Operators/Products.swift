import Foundation
import ONNX
import Torch

extension GraphKernels {
  static func matrixProduct(_ node: GraphNode) throws(KernelFault) -> GraphKernel {
    try node.requireFloats()
    var (a, b) = (node.inputs[0].shape, node.inputs[1].shape)
    // A vector is one row on the left, one column on the right.
    if a.count == 1 { a = [1] + a }
    if b.count == 1 { b += [1] }
    let result = node.result
    let (left, right) = (a, b)
    let (rows, inner, columns) = (a[a.count - 2], a[a.count - 1], b[b.count - 1])
    if b.count == 2 {
      // All matrices on the left meet the same one: they are one matrix.
      return { operands in
        let x = operands[0].shaped([left.dropLast().reduce(1, *), inner])
        return [x.imageProducts(operands[1].shaped(right)).shaped(result)]
      }
    }
    let before = Array(
      Array(repeating: 1, count: max(b.count - a.count, 0)) + a[..<(a.count - 2)])
    let others = Array(
      Array(repeating: 1, count: max(a.count - b.count, 0)) + b[..<(b.count - 2)])
    let batch = zip(before, others).map { $0 == 1 ? $1 : $0 }
    return { operands in
      let count = operands.count * batch.reduce(1, *)
      func matrices(_ x: Tensor, _ own: [Int], _ sizes: [Int]) -> Tensor {
        x.shaped(own + sizes).spread(to: [operands.count] + batch + sizes)
          .reshaped([count] + sizes)
      }
      return [
        matrices(operands[0], before, [rows, inner])
          .imageProducts(matrices(operands[1], others, [inner, columns]))
          .reshaped([operands.count] + result)
      ]
    }
  }

  static func gemm(
    _ node: GraphNode, _ alpha: Double, _ beta: Double, transposes: (Bool, Bool)
  ) throws(KernelFault) -> GraphKernel {
    try node.requireFloats()
    let result = node.result
    return { operands in
      func matrix(_ x: Tensor, _ isTransposed: Bool) -> Tensor {
        isTransposed ? x.permuted([0, 2, 1]) : x
      }
      var y = matrix(operands[0], transposes.0)
        .imageProducts(matrix(operands[1], transposes.1))
      if alpha != 1 { y = y * alpha }
      guard operands.values.count > 2 else { return [y] }
      let addend = operands[2].broadcast(to: result)
      return [y + (beta == 1 ? addend : addend * beta)]
    }
  }

  /// The product of all operands, each pair as products of matrices.
  static func einsum(_ node: GraphNode, _ equation: String) throws(KernelFault) -> GraphKernel {
    try node.requireFloats()
    let sides = equation.components(separatedBy: "->")
    let operands = sides[0].split(separator: ",", omittingEmptySubsequences: false).map(Array.init)
    let result = Array(sides[1])
    return { given in
      var total = Lettered(tensor: given[0], letters: operands[0])
      for index in 1..<max(operands.count, 1) where index < operands.count {
        let later = Set(operands[(index + 1)...].joined()).union(result)
        total = total.times(
          Lettered(tensor: given[index], letters: operands[index]), keeping: later)
      }
      return [total.summed(keeping: Set(result)).ordered(result).tensor]
    }
  }
}

/// A tensor `[N] + S` whose axes after the first have letters.
private struct Lettered {
  let tensor: Tensor
  let letters: [Character]

  /// The sum over all letters but these.
  func summed(keeping kept: Set<Character>) -> Lettered {
    let axes = letters.indices.filter { !kept.contains(letters[$0]) }
    guard !axes.isEmpty else { return self }
    let rest = letters.filter(kept.contains)
    let shape = letters.indices.filter { kept.contains(letters[$0]) }.map { tensor.size($0 + 1) }
    return Lettered(tensor: tensor.fixedSum(over: axes.map { $0 + 1 }).shaped(shape), letters: rest)
  }

  /// The axes in another order.
  func ordered(_ order: [Character]) -> Lettered {
    let places = order.compactMap { letters.firstIndex(of: $0) }
    return Lettered(tensor: tensor.permuted([0] + places.map { $0 + 1 }), letters: order)
  }

  /// The product, summed over the letters that both have and that are not kept.
  func times(_ other: Lettered, keeping kept: Set<Character>) -> Lettered {
    let (own, others) = (Set(letters), Set(other.letters))
    let a = summed(keeping: others.union(kept))
    let b = other.summed(keeping: own.union(kept))
    let shared = a.letters.filter(others.contains)
    let batch = shared.filter(kept.contains)
    let inner = shared.filter { !kept.contains($0) }
    let rows = a.letters.filter { !others.contains($0) }
    let columns = b.letters.filter { !own.contains($0) }
    func size(_ letters: [Character], _ of: Lettered) -> [Int] {
      letters.compactMap { letter in
        of.letters.firstIndex(of: letter).map { of.tensor.size($0 + 1) }
      }
    }
    func matrices(_ x: Lettered, _ first: [Character], _ second: [Character]) -> Tensor {
      let count = x.tensor.size(0) * size(batch, x).reduce(1, *)
      return x.ordered(batch + first + second).tensor
        .reshaped([count, size(first, x).reduce(1, *), size(second, x).reduce(1, *)])
    }
    let product = matrices(a, rows, inner).imageProducts(matrices(b, inner, columns))
    let shape = size(batch, a) + size(rows, a) + size(columns, b)
    return Lettered(
      tensor: product.reshaped([tensor.size(0)] + shape), letters: batch + rows + columns)
  }
}
