import MPI

/// What happens when a collective fails, on whatever thread: the ranks can no longer agree, so the
/// job ends.
package enum CollectiveFailure {
  /// Runs a collective; when it throws, the job ends.
  static func orEndJob<Result>(_ body: () throws(MPIError) -> Result) -> Result {
    do {
      return try body()
    } catch {
      end(error)
    }
  }

  /// Ends the job with exit code 76.
  static func end(_ error: any Error) -> Never {
    FailureExit.leave(error, code: FailureExit.communicationFailed)
  }
}

/// Ranks hold different things where all must hold the same.
package struct DisagreementError: Error, Equatable, CustomStringConvertible {
  /// What differs.
  package let what: String
  /// The ranks that differ from rank 0.
  package let ranks: [Int]

  /// Ranks that differ from rank 0.
  package init(what: String, ranks: [Int]) {
    self.what = what
    self.ranks = ranks
  }

  /// One line.
  package var description: String {
    "\(what): ranks \(ranks.map(String.init).joined(separator: ", ")): not as on rank 0; "
      + "expected the same on all ranks; start all ranks with the same program and recipe"
  }
}
