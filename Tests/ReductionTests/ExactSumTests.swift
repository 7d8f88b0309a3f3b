import Randomness
import Reduction
import Testing

/// Sums over images and ranks, against sums of integers of 128 bits.
@Suite struct ExactSumTests {
  /// Doubles of all sizes, with ties, zeros, both signs and numbers below the normal ones.
  static func numbers(_ count: Int, _ random: inout CounterRandom, exponents: ClosedRange<Int>)
    -> [Double]
  {
    (0..<count).map { _ in
      let exponent = exponents.lowerBound + random.integer(below: exponents.count)
      let sign: FloatingPointSign = random.integer(below: 2) == 0 ? .plus : .minus
      switch random.integer(below: 8) {
      case 0: return 0
      case 1: return Double(sign: sign, exponent: exponent, significand: 1)
      case 2: return Double(sign: sign, exponent: exponent, significand: 1.5)
      case 3: return sign == .plus ? 0x1p-1074 : -0x1.8p-1030
      default: return Double(sign: sign, exponent: exponent, significand: 1 + random.uniform())
      }
    }
  }

  /// The sum of what becomes of addends on the grid that their largest one gives.
  static func expected(_ addends: [Double]) -> Double {
    let largest = addends.map(abs).max() ?? 0
    guard largest > 0 else { return 0 }
    var top = 0
    while largest >= Double(sign: .plus, exponent: top, significand: 1) { top += 8 }
    while top > -960, largest < Double(sign: .plus, exponent: top - 8, significand: 1) { top -= 8 }
    let unit = Double(sign: .plus, exponent: top - 50, significand: 1)
    let units = addends.reduce(Int128(0)) { $0 + Int128(($1 / unit).rounded(.toNearestOrEven)) }
    return Double(units) * unit
  }

  private struct Case: Sendable {
    var rows: [[Double]]
    var groups: [Int]
  }

  private static func sums(_ item: Case, over ranks: Int, seed: Int) -> [[Double]] {
    SimulatedRanks.run(ranks) { reducer in
      // Any image on any rank, in any order.
      var random = CounterRandom(.test, seed: UInt64(seed), 7)
      var mine: [Double] = []
      for row in item.rows.shuffled(using: &random)
      where random.integer(below: ranks) == reducer.rank {
        mine += row
      }
      return ExactSum(groups: item.groups)(mine, reducer)
    }
  }

  @Test func everySplitAndOrderGivesTheGriddedSum() {
    for seed in 0..<60 {
      var random = CounterRandom(.test, seed: UInt64(seed), 6)
      let images = 1 + random.integer(below: 64)
      let groups = [3, 1, 2]
      let low = -140 + random.integer(below: 120)
      let exponents = low...min(100, low + random.integer(below: 200))
      let rows = (0..<images).map { _ in Self.numbers(6, &random, exponents: exponents) }
      var start = 0
      let expected = groups.flatMap { width -> [Double] in
        let columns = start..<start + width
        start += width
        let largest = rows.flatMap { $0[columns] }.max { abs($0) < abs($1) } ?? 0
        return columns.map { column in
          // The largest addend of the group decides for all its columns; here it adds nothing.
          let addends = rows.map { $0[column] }
          return Self.expected(addends + [largest, -largest])
        }
      }
      let item = Case(rows: rows, groups: groups)
      for ranks in 1...8 {
        for sums in Self.sums(item, over: ranks, seed: seed) {
          #expect(
            sums.map(\.bitPattern) == expected.map(\.bitPattern), "seed \(seed), \(ranks) ranks")
        }
      }
    }
  }

  /// A guess of the step before is right, too coarse or too fine: the sum is the same.
  @Test func earlierSumsChangeNothing() {
    let rows: [[Double]] = [
      [1, 0x1p-60], [0x1p-30, 3], [0x1p66, 2], [0, 0], [0x1p-200, 1], [5, 5],
    ]
    let memory = ExactSum(groups: [1, 1])
    let before = ExactSum.repetitions
    for row in rows + rows.reversed() {
      let fresh = ExactSum(groups: [1, 1])(row, SingleProcess())
      #expect(memory(row, SingleProcess()) == fresh)
      #expect(fresh == row)
    }
    #expect(ExactSum.repetitions > before)
  }

  @Test func whatIsNotFiniteStaysInItsColumn() {
    let results = SimulatedRanks.run(3) { reducer in
      let sum = ExactSum(groups: [2, 1])
      let rows: [[Double]] = [[1, .nan, 2], [2, 1, 1], [3, -.infinity, 4]]
      let first = sum(rows[reducer.rank], reducer)
      return first + sum([1, 1, 1], reducer)
    }
    for result in results {
      #expect(result[0] == 6 && result[1].isNaN && result[2] == 7)
      // No grid is spoiled by it.
      #expect(result[3...] == [3, 3, 3])
    }
  }

  @Test func ranksWithoutImagesTakePart() {
    let results = SimulatedRanks.run(4) { reducer in
      reducer.exactSums(reducer.rank == 2 ? [1, 2, 3, 4] : [], width: 2)
    }
    #expect(results.allSatisfy { $0 == [4, 6] })
  }

  /// Four addends whose float64 sum follows the split.
  @Test func theCounterExampleIsOneNumber() {
    let values = [1, 0x1p-24, 0x1p-53, 0x1p-53]
    let plain = [1, 2].map { ranks in
      SimulatedRanks.run(ranks) { reducer in
        let share = values.count / ranks
        var sum = [values[(reducer.rank * share)..<((reducer.rank + 1) * share)].reduce(0, +)]
        reducer.sum(&sum)
        return Float(sum[0])
      }[0]
    }
    #expect(plain == [1, 1.0000001])
    let exact = (1...4).map { ranks in
      SimulatedRanks.run(ranks) { reducer in
        let mine = values.indices.filter { $0 % ranks == reducer.rank }.map { values[$0] }
        return Float(reducer.exactSums(mine, width: 1)[0])
      }[0]
    }
    #expect(exact == [1, 1, 1, 1])
  }
}
