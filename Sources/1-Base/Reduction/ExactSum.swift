import Synchronization

/// Sums of doubles over images and ranks that are the same bits in any order and on any split.
///
/// Every addend becomes an integer number of grid units, and integers are added: that is associative.
/// The grid of a group of columns follows from the largest addend of the group on all ranks alone.
/// Let `top` be the smallest multiple of 8 with |addend| < 2^top for all of them. The unit is
/// 2^(top - 50), so that an addend is at most 2^50 units, and the sum of 4096 of them fits in 63 bits:
/// no addition rounds or overflows. An addend is moved by half a unit at most, 2^-43 of the largest
/// one. Sources: Demmel and Nguyen 2013 (pre-rounding); a fixed-point accumulator is Kulisch's.
///
/// The `top` of the last call is tried first. All ranks see in the sum itself whether it is right for
/// all; if it is not, they agree on the right one and add again. So the result is a function of the
/// addends alone, and nothing need be saved with a run.
package final class ExactSum {
  /// Rows of all ranks together that a sum may have.
  package static let rowLimit = 4096
  /// Binary digits of the largest addend, in units.
  static let digits = 50
  /// Between two grids, in binary digits.
  static let octave = 8
  /// Below that there is one grid, so that no factor overflows.
  static let lowestTop = -960

  private let groups: [Range<Int>]
  private let width: Int
  private var tops: [Int]?

  /// Sums of this process that were added again on another grid.
  package static var repetitions: Int { repeated.load(ordering: .relaxed) }
  private static let repeated = Atomic<Int>(0)

  /// Sums of rows whose columns make groups of these widths; each group has a grid of its own.
  package init(groups widths: [Int]) {
    var start = 0
    groups = widths.map { width in
      defer { start += width }
      return start..<start + width
    }
    width = start
  }

  /// The sum of each column over all rows of all ranks. Collective.
  ///
  /// - Parameters:
  ///   - rows: this rank's addends, row-major `[rows, width]`; a rank may bring no row.
  ///   - reducer: the ranks.
  /// - Returns: `width` sums, equal on all ranks: the exact sum of the gridded addends, rounded once.
  ///   NaN in the columns in which an addend is not finite.
  package func callAsFunction(_ rows: [Double], _ reducer: any Reducer) -> [Double] {
    precondition(
      rows.count.isMultiple(of: max(width, 1)),
      "ExactSum: \(rows.count) addends; expected whole rows of \(width)")
    let extents = groups.map { Extent(rows, $0, width: width) }
    var isAgreed = false
    var tops = self.tops ?? Self.agree(extents, reducer, &isAgreed)
    while true {
      var message = message(rows, extents, tops)
      reducer.sum(&message)
      let count = message[0]
      precondition(
        count <= Int64(Self.rowLimit),
        "ExactSum: \(count) images; expected at most \(Self.rowLimit) in a global batch")
      let tallies = message[1...groups.count].map(Tally.init(packed:))
      if !isAgreed, tallies.contains(where: { !$0.isRight }) {
        Self.repeated.add(1, ordering: .relaxed)
        tops = Self.agree(extents, reducer, &isAgreed)
        continue
      }
      self.tops = tops
      var sums = sums(message[(1 + groups.count)...], tops)
      if tallies.contains(where: { $0.broken > 0 }) { spoil(&sums, rows, reducer) }
      return sums
    }
  }

  /// The right grid of each group, from its largest addend on all ranks. Collective.
  private static func agree(
    _ extents: [Extent], _ reducer: any Reducer, _ isAgreed: inout Bool
  ) -> [Int] {
    var tops = extents.map { Int64($0.top) }
    reducer.maximum(&tops)
    isAgreed = true
    // Zeros alone have no size.
    return tops.map { max(Int($0), lowestTop) }
  }

  /// The number of rows, a tally of each group, and the units of each column.
  private func message(_ rows: [Double], _ extents: [Extent], _ tops: [Int]) -> [Int64] {
    var message = [Int64](repeating: 0, count: 1 + groups.count + width)
    message[0] = Int64(rows.count / max(width, 1))
    for (index, group) in groups.enumerated() {
      let (extent, top) = (extents[index], tops[index])
      message[1 + index] = Tally(extent, top).packed
      // What is beyond the grid is added again on another one.
      guard extent.top <= top else { continue }
      let factor = Self.power(Self.digits - top)
      rows.withUnsafeBufferPointer { rows in
        for start in stride(from: 0, to: rows.count, by: max(width, 1)) {
          for column in group {
            let value = rows[start + column]
            guard value.isFinite else { continue }
            message[1 + groups.count + column] +=
              Int64((value * factor).rounded(.toNearestOrEven))
          }
        }
      }
    }
    return message
  }

  private func sums(_ units: ArraySlice<Int64>, _ tops: [Int]) -> [Double] {
    var sums = [Double](repeating: 0, count: width)
    for (index, group) in groups.enumerated() {
      let factor = Self.power(tops[index] - Self.digits)
      for column in group { sums[column] = Double(units[units.startIndex + column]) * factor }
    }
    return sums
  }

  /// Makes the columns NaN in which some rank has an addend that is not finite. Collective.
  private func spoil(_ sums: inout [Double], _ rows: [Double], _ reducer: any Reducer) {
    var broken = [Int64](repeating: 0, count: width)
    for (index, value) in rows.enumerated() where !value.isFinite { broken[index % width] += 1 }
    reducer.sum(&broken)
    for column in 0..<width where broken[column] > 0 { sums[column] = .nan }
  }

  /// 2^exponent, a normal number.
  static func power(_ exponent: Int) -> Double {
    Double(sign: .plus, exponent: exponent, significand: 1)
  }
}

/// The size of a rank's addends of one group.
struct Extent {
  /// The `top` of the largest one; `Int32.min` if all are 0.
  private(set) var top = Int(Int32.min)
  private(set) var isFinite = true

  init(_ rows: [Double], _ group: Range<Int>, width: Int) {
    var largest = 0.0
    rows.withUnsafeBufferPointer { rows in
      for start in stride(from: 0, to: rows.count, by: max(width, 1)) {
        for column in group {
          let size = abs(rows[start + column])
          guard size.isFinite else {
            isFinite = false
            continue
          }
          if size > largest { largest = size }
        }
      }
    }
    guard largest > 0 else { return }
    // |addend| < 2^bound.
    let bound = Int(largest.exponent) + 1
    let octave = ExactSum.octave
    let above = (bound + (bound > 0 ? octave - 1 : 0)) / octave * octave
    top = max(above, ExactSum.lowestTop)
  }
}

/// How a grid fits the ranks' addends of one group, counted in ranks.
struct Tally {
  /// Ranks with an addend that is too large; with the largest where it should be; with none so large.
  var beyond = 0
  var inside = 0
  var below = 0
  /// Ranks with an addend that is not finite.
  var broken = 0

  private static let bits = 15

  init(_ extent: Extent, _ top: Int) {
    if extent.top > top {
      beyond = 1
    } else if extent.top == top {
      inside = 1
    } else if extent.top > Int(Int32.min) {
      below = 1
    }
    broken = extent.isFinite ? 0 : 1
  }

  init(packed: Int64) {
    func field(_ index: Int) -> Int {
      Int(packed >> Int64(index * Self.bits)) & ((1 << Self.bits) - 1)
    }
    (beyond, inside, below, broken) = (field(0), field(1), field(2), field(3))
  }

  /// One number, so that the sum of the numbers of up to 32,767 ranks is the sum of the tallies.
  var packed: Int64 {
    [beyond, inside, below, broken].enumerated().reduce(0) {
      $0 | Int64($1.element) << Int64($1.offset * Self.bits)
    }
  }

  /// Whether the largest addend of all ranks belongs to this grid; zeros belong to any.
  var isRight: Bool { beyond == 0 && (inside > 0 || below == 0) }
}

extension Reducer {
  /// The sum of each column over all rows of all ranks, each column on a grid of its own. Collective:
  /// twice, or three times where an addend is not finite.
  ///
  /// - Parameters:
  ///   - rows: this rank's addends, one row an image, row-major `[rows, width]`.
  ///   - width: the number of columns.
  /// - Returns: `width` sums, the same bits in any order and on any split; see `ExactSum`.
  package func exactSums(_ rows: [Double], width: Int) -> [Double] {
    ExactSum(groups: [Int](repeating: 1, count: width))(rows, self)
  }
}
