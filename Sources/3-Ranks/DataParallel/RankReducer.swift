import Dispatch
import MPI
import Reduction
import Synchronization

/// Sums over the ranks of a communicator; what layers and losses see of MPI.
///
/// A failed collective ends the job through `CollectiveFailure`.
package final class RankReducer: Reducer {
  private let communicator: Communicator
  private let nanoseconds = Atomic<UInt64>(0)

  /// This process's index, in `0..<worldSize`.
  package var rank: Int { communicator.rank }
  /// The number of ranks.
  package var worldSize: Int { communicator.worldSize }

  /// Seconds spent in its sums so far, waiting for other ranks included.
  package var seconds: Double { Double(nanoseconds.load(ordering: .relaxed)) / 1e9 }

  /// A reducer over a communicator that no other thread uses meanwhile.
  package init(_ communicator: Communicator) { self.communicator = communicator }

  /// Replaces each value with its sum over all ranks. Collective.
  package func sum(_ values: UnsafeMutableBufferPointer<Double>) { reduce(values, .sum) }

  /// Replaces each value with its sum over all ranks. Collective.
  package func sum(_ values: UnsafeMutableBufferPointer<Int64>) { reduce(values, .sum) }

  /// Replaces each value with the largest of all ranks. Collective.
  package func maximum(_ values: UnsafeMutableBufferPointer<Int64>) { reduce(values, .maximum) }

  /// Every rank's bytes, in rank order; each rank may bring another number. Collective.
  package func gather(_ bytes: [UInt8]) -> [[UInt8]] {
    guard worldSize > 1 else { return [bytes] }
    var gathered: [[UInt8]] = []
    CollectiveFailure.orEndJob { () throws(MPIError) in
      gathered = try communicator.allgatherv(bytes)
    }
    return gathered
  }

  private func reduce<Value: ReducibleValue>(
    _ values: UnsafeMutableBufferPointer<Value>, _ operation: ReduceOperation
  ) {
    guard worldSize > 1 else { return }
    let begin = DispatchTime.now().uptimeNanoseconds
    Heartbeat.process.waiting {
      CollectiveFailure.orEndJob { () throws(MPIError) in
        try communicator.allreduce(values, operation)
      }
    }
    nanoseconds.add(DispatchTime.now().uptimeNanoseconds - begin, ordering: .relaxed)
  }
}
