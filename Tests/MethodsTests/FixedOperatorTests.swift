import Randomness
import TestSupport
import Testing
import Torch

/// Operators whose sums have a fixed order: the values and gradients of LibTorch's, and the law.
@Suite(.serialized) struct FixedOperatorTests {
  struct Pair: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let fixed: @Sendable (Tensor) -> Tensor
    let plain: @Sendable (Tensor) -> Tensor

    init(
      _ name: String, _ fixed: @escaping @Sendable (Tensor) -> Tensor,
      _ plain: @escaping @Sendable (Tensor) -> Tensor
    ) {
      (testDescription, self.fixed, self.plain) = (name, fixed, plain)
    }
  }

  /// `[n, F, h, w]` to `[n, F, hw]`.
  private static func flat(_ x: Tensor) -> Tensor {
    x.reshaped([x.size(0), x.size(1), x.size(2) * x.size(3)])
  }

  /// Half of each element and twice the one that lies opposite.
  private static func mirrored(_ length: Int) -> LineMap {
    LineMap(
      length: length,
      rows: (0..<length).map { [LineMap.Term($0, 0.5), LineMap.Term(length - 1 - $0, 2)] })
  }

  private static func plainlyMirrored(_ x: Tensor, _ dimension: Int) -> Tensor {
    let places = (0..<Int64(x.size(dimension))).reversed()
    return x * 0.5 + x.selected(dimension, Tensor(Array(places), [places.count])) * 2
  }

  static let pairs: [Pair] = [
    Pair("sum over channels", { $0.fixedSum(1) }, { $0.sum([1]) }),
    Pair(
      "mean over a side", { $0.fixedMean(3, keepingDimension: true) },
      { $0.mean([3], keepingDimensions: true) }),
    Pair(
      "sum of rows", { flat($0).permuted([0, 2, 1]).fixedSum(2) },
      { flat($0).permuted([0, 2, 1]).sum([2]) }),
    Pair("sum of an image", { ($0 * $0).imageSums }, { ($0 * $0).sum([1, 2, 3]).to(.float64) }),
    Pair(
      "spread", { x in x.fixedSum(1, keepingDimension: true).spread(1, 6) * 0.5 },
      { x in
        x.sum([1], keepingDimensions: true).expanded([x.size(0), 6, x.size(2), x.size(3)]) * 0.5
      }),
    Pair(
      "sum over neighbours", { $0.fixedSum(over: [2, 3]) },
      { $0.sum([2, 3], keepingDimensions: true) }),
    Pair(
      "spread of a sum apart", { ($0.fixedSum(over: [1, 3]) * 0.5).spread(to: $0.shape) },
      { ($0.sum([1, 3], keepingDimensions: true) * 0.5).expanded($0.shape) }),
    Pair(
      "normalised", { $0.fixedNormalised(2, epsilon: 0.1) },
      { x in
        let centred = x - x.mean([2], keepingDimensions: true)
        return centred
          / ((centred * centred).mean([2], keepingDimensions: true) + 0.1).squareRoot
      }),
    Pair("lines mapped", { $0.mapped(3, mirrored($0.size(3))) }, { plainlyMirrored($0, 3) }),
    Pair("rows mapped", { $0.mapped(1, mirrored($0.size(1))) }, { plainlyMirrored($0, 1) }),
    Pair("softmax", { $0.fixedSoftmax(1) }, { $0.softmax(1) }),
    Pair("softmax of rows", { flat($0).fixedSoftmax(2) }, { flat($0).softmax(2) }),
    Pair("log softmax", { $0.fixedLogSoftmax(1) }, { $0.logSoftmax(1) }),
    Pair("log softmax of rows", { flat($0).fixedLogSoftmax(2) }, { flat($0).logSoftmax(2) }),
    Pair(
      "unit", { $0.fixedUnit(1, floor: 2) },
      { $0 / ($0 * $0).sum([1], keepingDimensions: true).clamped(4, .infinity).squareRoot }),
    Pair(
      "products", { flat($0).permuted([0, 2, 1]).imageProducts(flat($0)) },
      { flat($0).permuted([0, 2, 1]).matmul(flat($0)) }),
    Pair(
      "parts", { x in Tensor.concatenated(x.images.reversed(), 0) * 2 },
      { x in
        let order = (0..<x.size(0)).map { Int64($0) }.reversed()
        return x.selected(0, Tensor(Array(order), [x.size(0)])) * 2
      }),
  ]

  /// What a method may take from LibTorch beside them: each acts on an element or a window alone.
  static let trusted: [Pair] = [
    Pair("exp", { ($0 * 0.3).exp }, { $0 }), Pair("log", { ($0.magnitude + 0.1).log }, { $0 }),
    Pair("root", { ($0.magnitude + 0.1).squareRoot }, { $0 }),
    Pair("quotient", { $0 / ($0 * $0 + 1) }, { $0 }), Pair("relu", { $0.relu }, { $0 }),
    Pair("error function", { $0.errorFunction }, { $0 }),
    Pair("tangent", { $0.hyperbolicTangent }, { $0 }),
    Pair("smaller", { $0.minimum($0 * 0.1) }, { $0 }),
    Pair("larger", { $0.maximum($0 * 0.1) }, { $0 }),
    Pair("clamp", { $0.clamped(-0.5, 0.7) }, { $0 }),
    Pair("factor", { $0 / 3 * 0.7 + 0.1 }, { $0 }),
    Pair(
      "gather",
      { x in
        x.gathered(1, (x.narrowed(1, 0..<1).detached.greater(than: 0)).to(.int64))
      }, { $0 }),
    Pair(
      "select", { x in flat(x).selected(2, Tensor([3, 0, 3, 1] as [Int64], [4])) }, { $0 }),
    Pair(
      "mean pool",
      { Functional.averagePool($0.contiguous(), kernel: 2, stride: 2, ceilMode: true) }, { $0 }),
    Pair(
      "largest of a window",
      {
        Functional.maxPool($0.contiguous(), kernel: 2, stride: 2, padding: 0, ceilMode: true)
      }, { $0 }),
    Pair(
      "cells", { Functional.adaptiveAveragePool($0.contiguous(), height: 4, width: 5) }, { $0 }),
    Pair("resize", { Functional.upsample($0, height: 23, width: 31) }, { $0 }),
  ]

  private static func noise(_ shape: [Int], _ seed: UInt64) -> Tensor {
    var random = CounterRandom(.test, seed: seed, 51)
    return Tensor((0..<shape.reduce(1, *)).map { _ in random.normal() }, shape)
  }

  /// The value and the gradient of x, given that of the value.
  private static func results(
    _ operation: (Tensor) -> Tensor, _ x: Tensor, _ slope: Tensor?
  ) -> [Tensor] {
    let leaf = x.detached.clone()
    leaf.requiresGradient = true
    let y = operation(leaf)
    guard let slope else { return [y.detached] }
    Autograd.backward([(y, slope)])
    return [y.detached, leaf.gradient ?? leaf.zerosLike]
  }

  private static func numbers(_ tensors: [Tensor]) -> [Double] {
    tensors.flatMap { $0.array(Double.self) }
  }

  @Test(arguments: pairs)
  func valuesAndGradients(_ pair: Pair) {
    let x = Self.noise([3, 7, 5, 9], 1)
    let slope = Self.noise(Self.results(pair.plain, x, nil)[0].shape, 2)
    let found = Self.numbers(Self.results(pair.fixed, x, slope))
    let expected = Self.numbers(Self.results(pair.plain, x, slope))
    #expect(isClose(found, expected, 1e-12))
  }

  /// An image alone, on two threads, comes to the bits that it comes to among others on one.
  @Test(arguments: pairs + trusted, [Torch.ElementType.float32, .float64])
  func anImageIsByItself(_ pair: Pair, _ type: Torch.ElementType) {
    guard pair.testDescription != "parts" else { return }
    let threads = TorchRuntime.threads
    defer { TorchRuntime.threads = threads }
    for (shape, isLast) in [([7, 3, 5], true), ([19, 17, 13], false), ([5, 83, 91], true)] {
      // Products of all pairs of so many positions are none that a method has.
      if pair.testDescription == "products", shape[1] > 50 { continue }
      let rows = Self.noise([3] + shape, 3).to(type)
      let x = isLast ? rows.contiguous(.channelsLast) : rows
      TorchRuntime.threads = 1
      let whole = Self.results(pair.fixed, x, nil)[0]
      let slope = Self.noise(whole.shape, 4).to(whole.type)
      let expected = Self.results(pair.fixed, x, slope)
      for image in 0..<3 {
        TorchRuntime.threads = 2
        let found = Self.results(
          pair.fixed, x.narrowed(0, image..<image + 1),
          slope.narrowed(0, image..<image + 1).clone())
        for (index, (a, b)) in zip(found, expected).enumerated() {
          let (own, all) = (a.array(Double.self), b.array(Double.self))
          let part = all[image * own.count..<(image + 1) * own.count]
          #expect(
            own.map(\.bitPattern) == part.map(\.bitPattern),
            "\(shape), image \(image), \(index == 0 ? "value" : "gradient")")
        }
      }
    }
  }

  /// OpenBLAS would divide products of this size among its threads, and round them otherwise.
  @Test(arguments: [[534, 403, 380], [133, 532, 575], [6, 393, 525]])
  func threadsChangeNoBitOfLargeProducts(_ sizes: [Int]) {
    let before = TorchRuntime.threads
    defer { TorchRuntime.threads = before }
    var random = CounterRandom(.test, seed: 3, 41)
    func matrix(_ rows: Int, _ columns: Int) -> Tensor {
      Tensor((0..<rows * columns).map { _ in Float(random.normal()) }, [rows, columns])
    }
    let (a, b) = (matrix(sizes[0], sizes[1]), matrix(sizes[1], sizes[2]))
    let products = [1, 2, 3, 4].map { threads -> [UInt32] in
      TorchRuntime.threads = threads
      return a.product(b).array(Float.self).map(\.bitPattern)
    }
    for product in products.dropFirst() { #expect(product == products[0]) }
  }
}
