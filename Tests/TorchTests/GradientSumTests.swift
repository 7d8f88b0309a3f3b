import Foundation
import Randomness
import Testing
import Torch

/// Gradients as exact sums, against sums of whole numbers of any length.
@Suite(.serialized) struct GradientSumTests {
  /// Float32 numbers of all sizes, with ties, both signs, zeros and numbers below the normal ones.
  static func number(_ random: inout CounterRandom) -> Float {
    let exponent = -140 + random.integer(below: 241)
    let sign: FloatingPointSign = random.integer(below: 2) == 0 ? .plus : .minus
    switch random.integer(below: 10) {
    case 0: return 0
    case 1: return sign == .plus ? 0x1p-149 : -0x1.8p-140
    case 2: return Float(sign: sign, exponent: exponent, significand: 1)
    case 3: return Float(sign: sign, exponent: -24, significand: 1)
    case 4: return Float(sign: sign, exponent: -26, significand: 1.5)
    default: return Float(sign: sign, exponent: exponent, significand: 1 + Float(random.uniform()))
    }
  }

  /// Numbers of one grid, `2^(top - 47)` to `2^top`: they need no coarser level, and nearly all its digits.
  static func fineNumber(_ random: inout CounterRandom, top: Int) -> Float {
    let sign: FloatingPointSign = random.integer(below: 2) == 0 ? .plus : .minus
    let exponent = top - 1 - random.integer(below: 48)
    return Float(sign: sign, exponent: exponent, significand: 1 + Float(random.uniform()))
  }

  /// The leaves of some ranks that hold images of one parameter, added as MPI adds integers.
  private struct Ranks {
    var sums: [GradientSum] = []
    var units: [Tensor] = []
    var leaves: [Tensor] = []

    init(_ count: Int, shape: [Int], top: Int) {
      for _ in 0..<count {
        let leaf = Tensor.zeros(shape, .float32)
        leaves.append(leaf)
        units.append(Tensor.full([leaf.count], 77, .int64))
        sums.append(GradientSum(leaf, units: units[units.count - 1]))
        sums[sums.count - 1].begin(top: top)
      }
    }

    private static func words(_ tensor: Tensor) -> UnsafeMutableBufferPointer<Int64> {
      UnsafeMutableBufferPointer(
        start: tensor.data.assumingMemoryBound(to: Int64.self), count: tensor.count)
    }

    private static func add(_ tensors: [Tensor]) {
      let first = words(tensors[0])
      for other in tensors.dropFirst() {
        for (index, value) in words(other).enumerated() { first[index] += value }
      }
    }

    /// The sum over the ranks, in the leaf's order.
    func total() -> [Float] {
      let used = sums.map { $0.finish() }
      let mask = used.reduce(0, |)
      Self.add(units)
      for level in 1...GradientSum.levels where mask >> Int64(level) & 1 != 0 {
        Self.add(sums.map { $0.level(level) })
      }
      let target = Tensor.zeros([leaves[0].count], .float32)
      sums[0].take(into: target, levels: mask)
      return target.array(Float.self)
    }
  }

  @Test func everySplitOrderAndThreadGivesTheGriddedSum() {
    for seed in 0..<12 {
      var random = CounterRandom(.test, seed: UInt64(seed), 31)
      let shape = [[5, 3, 3, 3], [70], [2, 4, 1, 1]][seed % 3]
      let count = shape.reduce(1, *)
      let images = 1 + random.integer(below: 64)
      let top = [-150, -24, 1, 60, 128][seed % 5]
      let isFine = seed % 2 == 1 && abs(top) < 100
      let values = (0..<images).map { _ in
        (0..<count).map { _ in
          isFine ? Self.fineNumber(&random, top: top) : Self.number(&random)
        }
      }
      let expected = (0..<count).map { element in
        var exact = WholeNumber()
        for image in values { exact.addGridded(image[element], top: top) }
        return exact.rounded
      }
      for ranks in 1...8 {
        let parts = Ranks(ranks, shape: shape, top: top)
        let threads = 1 + (ranks + seed) % 4
        // Image i goes to some rank; several threads add at once, in an order of their own.
        let order = (0..<images).shuffled(using: &random)
        let owners = order.map { _ in random.integer(below: ranks) }
        let addends = order.map { Tensor(values[$0], shape) }
        DispatchQueue.concurrentPerform(iterations: threads) { thread in
          for index in order.indices where index % threads == thread {
            parts.sums[owners[index]].add(addends[index])
          }
        }
        let found = parts.total()
        #expect(
          found.map(\.bitPattern) == expected.map(\.bitPattern), "seed \(seed), \(ranks) ranks")
      }
    }
  }

  /// A parameter of many stripes, whose first addend is stored rather than added.
  @Test func largeParametersAreWhole() {
    let shape = [300, 40, 3, 3]
    let count = shape.reduce(1, *)
    func addend(_ key: Int) -> Tensor { noise(shape, key).to(.float32) }
    let parts = Ranks(1, shape: shape, top: 4)
    parts.sums[0].add(addend(1))
    parts.sums[0].add(addend(2))
    let (a, b) = (addend(1).array(Float.self), addend(2).array(Float.self))
    let found = parts.total()
    for element in stride(from: 0, to: count, by: 997) {
      var exact = WholeNumber()
      for value in [a[element], b[element]] { exact.addGridded(value, top: 4) }
      #expect(found[element] == exact.rounded)
    }
    // Nothing but zeros where nothing was added.
    parts.sums[0].begin(top: 4)
    #expect(parts.total().allSatisfy { $0 == 0 })
  }

  @Test func theCounterExampleIsOneNumber() {
    let values: [Float] = [1, 0x1p-24, 0x1p-53, 0x1p-53]
    let results = (1...4).map { ranks in
      let parts = Ranks(ranks, shape: [1], top: 1)
      for (index, value) in values.enumerated() {
        parts.sums[index * ranks / 4].add(Tensor([value], [1]))
      }
      return parts.total()[0]
    }
    #expect(results == [1, 1, 1, 1])
  }

  @Test func whatIsNotFiniteIsNoticed() {
    for value in [Float.nan, .infinity, -.infinity] {
      let parts = Ranks(1, shape: [3], top: 1)
      parts.sums[0].add(Tensor([Float(1), value, 2], [3]))
      #expect(parts.sums[0].finish() & 1 == 1)
      parts.sums[0].begin(top: 1)
      #expect(parts.sums[0].finish() == 0)
    }
  }
}
