import Host
import Reduction

/// The exact k-th smallest probability over all ranks, without moving a probability.
///
/// Bit patterns of non-negative floats are ordered like integers. Histograms of a few leading bits,
/// summed over ranks, find the bin of the k-th value; each round refines the bin, down to one
/// pattern. Counts are integers, so the split over ranks and threads changes nothing.
package struct ExactSelection {
  /// A map of probabilities whose k-th smallest is asked for.
  package struct Query {
    /// This rank's probabilities in [0, 1]; NaNs are left out.
    package var values: UnsafeBufferPointer<Float>
    /// k: 1 asks for the smallest over all ranks; not above the number of values.
    package var rank: Int64
    /// The number of values at or below the threshold, over all ranks; less than `rank`.
    package var countAtThreshold: Int64

    /// A query; see the properties.
    package init(values: UnsafeBufferPointer<Float>, rank: Int64, countAtThreshold: Int64) {
      self.values = values
      self.rank = rank
      self.countAtThreshold = countAtThreshold
    }
  }

  /// A k-th smallest value.
  package struct Answer: Equatable, Sendable {
    /// The k-th smallest value.
    package var value: Float
    /// The number of values at or below it, over all ranks: at least k.
    package var count: Int64
  }

  /// The pattern of the smallest value above the threshold.
  private let lowest: UInt32
  /// The number of patterns from there to 1.0.
  private let patternCount: UInt32
  /// By how many bits the rounds shift, the last by 0.
  private let shifts: [UInt32]

  /// A selection among values above `threshold`; a negative one admits all values.
  package init(threshold: Float) {
    lowest = threshold < 0 ? 0 : (threshold + 0).bitPattern &+ 1
    let one: UInt32 = 0x3F80_0000
    patternCount = lowest > one ? 0 : one - lowest + 1
    let twoRounds = patternCount <= 1 << 23
    shifts = twoRounds ? [11, 0] : [20, 10, 0]
  }

  /// The number of collectives that `run` makes.
  package var collectives: Int { shifts.count }

  /// The k-th smallest value of each query, in their order; equal on all ranks. Collective:
  /// `collectives` sums, however many queries there are.
  package func run(_ queries: [Query], reducer: any Reducer) -> [Answer] {
    run(queries, reducer: reducer, pool: WorkerPool("rdd-loss", threadCount: 1))
  }

  func run(_ queries: [Query], reducer: any Reducer, pool: WorkerPool) -> [Answer] {
    var remaining = queries.map { $0.rank - $0.countAtThreshold }
    var prefixes = [UInt32](repeating: 0, count: queries.count)
    var counts = [Int64](repeating: 0, count: queries.count)
    var previous: UInt32 = 31
    for shift in shifts {
      let bins =
        previous == 31
        ? Int((max(patternCount, 1) - 1) >> shift) + 1 : 1 << Int(previous - shift)
      var histograms = histograms(
        queries, prefixes: prefixes, previous: previous, shift: shift, bins: bins, pool: pool)
      reducer.sum(&histograms)
      for query in queries.indices {
        var bin = 0
        while bin < bins - 1, histograms[query * bins + bin] < remaining[query] {
          remaining[query] -= histograms[query * bins + bin]
          bin += 1
        }
        counts[query] = histograms[query * bins + bin]
        prefixes[query] = prefixes[query] << (previous == 31 ? 0 : previous - shift) | UInt32(bin)
      }
      previous = shift
    }
    return queries.indices.map { query in
      Answer(
        value: Float(bitPattern: lowest + prefixes[query]),
        count: queries[query].rank - remaining[query] + counts[query])
    }
  }

  /// One histogram a query, `[queries, bins]`, of the keys whose leading bits are the prefix.
  private func histograms(
    _ queries: [Query], prefixes: [UInt32], previous: UInt32, shift: UInt32, bins: Int,
    pool: WorkerPool
  ) -> [Int64] {
    let piece = 1 << 15
    let pieces = queries.map { ($0.values.count + piece - 1) / piece }
    let most = pieces.max() ?? 0
    let size = queries.count * bins
    var parts = [Int64](repeating: 0, count: pool.threadCount * size)
    parts.withUnsafeMutableBufferPointer { parts in
      guard let base = parts.baseAddress else { return }
      pool.run(queries.count * most) { task, worker in
        let query = task / most
        let begin = task % most * piece
        let values = queries[query].values
        guard begin < values.count, let first = values.baseAddress else { return }
        count(
          first + begin, min(piece, values.count - begin), prefix: prefixes[query],
          previous: previous, shift: shift, bins: UInt32(bins),
          into: base + worker * size + query * bins)
      }
    }
    return (0..<size).map { index in
      (0..<pool.threadCount).reduce(0) { $0 + parts[$1 * size + index] }
    }
  }

  private func count(
    _ values: UnsafePointer<Float>, _ count: Int, prefix: UInt32, previous: UInt32, shift: UInt32,
    bins: UInt32, into histogram: UnsafeMutablePointer<Int64>
  ) {
    let base = previous == 31 ? 0 : prefix << (previous - shift)
    for index in 0..<count {
      // Values at or below the threshold and NaNs are too large as keys.
      let key = values[index].bitPattern &- lowest
      let bin = (key >> shift) &- base
      if key < patternCount && bin < bins { histogram[Int(bin)] &+= 1 }
    }
  }
}
