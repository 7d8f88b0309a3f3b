/// Sums over all ranks, as losses and layers see them: no MPI, no files.
///
/// Every method is collective: all ranks call it, in the same order, and all ranks hold the same bits
/// afterwards. Buffers to be summed have equal length on all ranks. Integers are exact; doubles are
/// rounded in an order that follows the ranks, so what is added over images goes through `ExactSum`. A
/// rank whose images contribute nothing still takes part, with zeros. A failure ends the job; it does
/// not return.
package protocol Reducer: AnyObject, Sendable {
  /// This process's index, in `0..<worldSize`.
  var rank: Int { get }
  /// The number of processes that share a global batch.
  var worldSize: Int { get }

  /// Replaces each value with its sum over all ranks. Collective.
  func sum(_ values: UnsafeMutableBufferPointer<Double>)
  /// Replaces each value with its sum over all ranks. Collective.
  func sum(_ values: UnsafeMutableBufferPointer<Int64>)
  /// Replaces each value with the largest of all ranks. Collective.
  func maximum(_ values: UnsafeMutableBufferPointer<Int64>)
  /// Every rank's bytes, in rank order; each rank may bring another number. Collective.
  func gather(_ bytes: [UInt8]) -> [[UInt8]]

  /// Seconds spent in the sums so far, waiting for other ranks included; 0 where nobody measures.
  var seconds: Double { get }
}

extension Reducer {
  /// 0: ranks that cost nothing.
  package var seconds: Double { 0 }

  /// Replaces each value with its sum over all ranks. Collective.
  package func sum(_ values: inout [Double]) { values.withUnsafeMutableBufferPointer { sum($0) } }
  /// Replaces each value with its sum over all ranks. Collective.
  package func sum(_ values: inout [Int64]) { values.withUnsafeMutableBufferPointer { sum($0) } }
  /// Replaces each value with the largest of all ranks. Collective.
  package func maximum(_ values: inout [Int64]) {
    values.withUnsafeMutableBufferPointer { maximum($0) }
  }
}

/// The reducer of one process: the sum over one rank is the value itself.
package final class SingleProcess: Reducer {
  /// Always 0.
  package let rank = 0
  /// Always 1.
  package let worldSize = 1
  /// A reducer that changes nothing.
  package init() {}
  /// Leaves the values as they are.
  package func sum(_ values: UnsafeMutableBufferPointer<Double>) {}
  /// Leaves the values as they are.
  package func sum(_ values: UnsafeMutableBufferPointer<Int64>) {}
  /// Leaves the values as they are.
  package func maximum(_ values: UnsafeMutableBufferPointer<Int64>) {}
  /// The only rank's bytes.
  package func gather(_ bytes: [UInt8]) -> [[UInt8]] { [bytes] }
}
