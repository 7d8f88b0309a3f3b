import Host
import Randomness

/// Which sample stands at which place of training.
///
/// The permutations of all epochs, one after the other, form one stream; iteration n (from 1) takes
/// its entries (n - 1) * B to n * B - 1, across the end of an epoch if need be. The stream is a
/// function of the seed; ranks and threads do not appear in it.
package final class SampleOrder: Sendable {
  /// The number of samples of an epoch.
  package let sampleCount: Int
  /// The run's seed.
  package let seed: UInt64
  /// Whether each epoch is permuted; if not, it is the list itself.
  package let isShuffled: Bool
  /// The permutations of the last two epochs that were asked for, newest last.
  private let recent = Monitor<[(epoch: Int, permutation: [UInt32])]>([])

  /// An order of 1 to 2^32 - 1 samples.
  package init(sampleCount: Int, seed: UInt64, isShuffled: Bool = true) {
    precondition(
      sampleCount > 0 && sampleCount <= Int(UInt32.max), "order of \(sampleCount) samples")
    self.sampleCount = sampleCount
    self.seed = seed
    self.isShuffled = isShuffled
  }

  /// The sample at a position, `0..<batchSize`, of an iteration's global batch; the first
  /// iteration is 1.
  package func sampleIndex(iteration: Int, position: Int, batchSize: Int) -> Int {
    precondition(
      iteration >= 1 && (0..<batchSize).contains(position),
      "iteration \(iteration), position \(position) of \(batchSize)")
    let entry = (iteration - 1) * batchSize + position
    let (epoch, place) = entry.quotientAndRemainder(dividingBy: sampleCount)
    guard isShuffled else { return place }
    return recent.change { recent in
      if let known = recent.first(where: { $0.epoch == epoch }) {
        return Int(known.permutation[place])
      }
      let permutation = permutation(epoch: epoch)
      if recent.count == 2 { recent.removeFirst() }
      recent.append((epoch, permutation))
      return Int(permutation[place])
    }
  }

  /// Fisher and Yates: from the last place down, swap with one of the places up to itself.
  private func permutation(epoch: Int) -> [UInt32] {
    var random = CounterRandom(.shuffle, seed: seed, epoch)
    var permutation = Array(0..<UInt32(sampleCount))
    for last in stride(from: sampleCount - 1, to: 0, by: -1) {
      permutation.swapAt(last, random.integer(below: last + 1))
    }
    return permutation
  }
}
