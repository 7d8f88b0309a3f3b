import MPI

/// Questions whose answer every rank must know alike before it goes on.
///
/// A failed collective ends the job through `CollectiveFailure`.
package struct WorldAgreement: Sendable {
  private let communicator: Communicator

  /// Asks the ranks of a communicator that no other thread uses meanwhile.
  package init(_ communicator: Communicator) { self.communicator = communicator }

  /// The ranks whose hash is not rank 0's; empty when all are equal. Collective.
  ///
  /// One allreduce of 16 bytes when all are equal: cheap enough for every checkpoint.
  ///
  /// - Parameter hash: of what must be equal (recipe, binary, weights).
  package func ranksThatDiffer(hash: UInt64) -> [Int] {
    Heartbeat.process.waiting {
      CollectiveFailure.orEndJob { () throws(MPIError) in
        // The smallest complement is the complement of the largest hash: one call finds both.
        var bounds = [hash, ~hash]
        try bounds.withUnsafeMutableBufferPointer { (values) throws(MPIError) in
          try communicator.allreduce(values, .minimum)
        }
        guard bounds[0] != ~bounds[1] else { return [] }
        let hashes = try communicator.allgather(hash)
        return hashes.indices.filter { hashes[$0] != hashes[0] }
      }
    }
  }

  /// Whether the flag is set on any rank: a wish to stop, a value that is not finite. Collective.
  package func any(_ flag: Bool) -> Bool { largest(flag ? 1 : 0) != 0 }

  /// The largest of the ranks' values. Collective.
  package func largest(_ value: UInt8) -> UInt8 {
    Heartbeat.process.waiting {
      CollectiveFailure.orEndJob { () throws(MPIError) in
        try communicator.allreduce(value, .maximum)
      }
    }
  }
}
