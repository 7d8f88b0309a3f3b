import Optimisers
import Reduction
import Torch

extension FlatParameters {
  /// What is noticed where gradients are taken over.
  package struct SumReport: Sendable {
    /// Parameters and levels with an addend beyond the finest grid, on some rank.
    package var coarse = 0
    /// Whether all addends of all ranks are finite.
    package var isFinite = true
  }

  /// An addend of `2^top` or more asks for a coarser level: so many binary digits above the largest value
  /// of the optimiser's first state, and more if it says so.
  static let headRoom = 6
  /// The grid where there is no such value yet. Larger addends, which most are, need not be rounded.
  static let firstTop = -24

  /// Forgets the sums of the step before. To be called before backward.
  package func beginSums() {
    guard isExact else { return }
    let sizes = buffers.sizes
    for (peak, place) in zip(sizes.peaks, places) {
      place.parameter.gradientSum?.begin(top: Self.top(peak) + (peak > 0 ? sizes.digits : 0))
    }
  }

  /// The grid for a parameter with this largest value.
  private static func top(_ peak: Double) -> Int {
    guard peak > 0, peak.isFinite else { return firstTop }
    return Int(peak.exponent) + 1 + headRoom
  }

  /// Brings the sums over all ranks where the optimiser reads them. Collective with exact sums: once, and
  /// once more for each parameter and level with an addend beyond the finest grid.
  package func takeSums(_ reducer: any Reducer) -> SumReport {
    guard isExact else {
      bringSums()
      return SumReport()
    }
    let sums = places.compactMap(\.parameter.gradientSum)
    let used = sums.map { $0.finish() }
    var counts = [Int64(used.count { $0 > 1 }), Int64(used.count { $0 & 1 != 0 })]
    reducer.sum(&counts)
    let levels =
      counts[0] > 0 ? addLevels(sums, used, reducer) : [Int64](repeating: 0, count: sums.count)
    for (index, place) in places.enumerated() where !(isAlone && used[index] == 0) {
      take(sums[index], place, levels: levels[index])
    }
    return SumReport(
      coarse: levels.reduce(0) { $0 + $1.nonzeroBitCount }, isFinite: counts[1] == 0)
  }

  /// Rounds a sum to where the optimiser reads it.
  func take(_ sum: GradientSum, _ place: FlatBuffers.Place, levels: Int64 = 0) {
    sum.take(into: gradients.narrowed(0, place.range), levels: levels)
  }

  /// Adds the levels beyond the finest that some rank has used; bit k of a result: level k. Collective.
  private func addLevels(
    _ sums: [GradientSum], _ used: [Int64], _ reducer: any Reducer
  ) -> [Int64] {
    var ranks = used.flatMap { mask in
      (1...GradientSum.levels).map { mask >> Int64($0) & 1 }
    }
    reducer.sum(&ranks)
    return sums.indices.map { index in
      (1...GradientSum.levels).reduce(into: Int64(0)) { mask, level in
        guard ranks[index * GradientSum.levels + level - 1] > 0 else { return }
        mask |= 1 << Int64(level)
        let units = sums[index].level(level)
        reducer.sum(
          UnsafeMutableBufferPointer(
            start: units.data.assumingMemoryBound(to: Int64.self), count: units.count))
      }
    }
  }
}
