import MPI
import Synchronization

/// What happens when a collective fails, on whatever thread: the ranks can no longer agree, so the
/// job ends.
public enum CollectiveFailure {
  /// Ends the job; it never returns.
  public typealias Handler = @Sendable (any Error) -> Never

  private static let handler = Mutex<Handler>({ error in
    FailureExit.leave(error, code: FailureExit.communicationFailed)
  })

  /// Replaces the handler, `FailureExit.leave` with code 76, for the whole process. The new one
  /// can add what the loop knows (iteration, phase).
  public static func setHandler(_ newHandler: @escaping Handler) {
    handler.withLock { $0 = newHandler }
  }

  /// Runs a collective; when it throws, calls the handler.
  static func orEndJob<Result>(_ body: () throws(MPIError) -> Result) -> Result {
    do {
      return try body()
    } catch {
      end(error)
    }
  }

  /// Calls the handler.
  static func end(_ error: any Error) -> Never {
    let current = handler.withLock { $0 }
    current(error)
  }
}

/// Ranks hold different things where all must hold the same.
public struct DisagreementError: Error, Equatable, CustomStringConvertible {
  /// What differs.
  public let what: String
  /// The ranks that differ from rank 0.
  public let ranks: [Int]

  /// Ranks that differ from rank 0.
  public init(what: String, ranks: [Int]) {
    self.what = what
    self.ranks = ranks
  }

  /// One line.
  public var description: String {
    "\(what): ranks \(ranks.map(String.init).joined(separator: ", ")): not as on rank 0; "
      + "expected the same on all ranks; start all ranks with the same program and recipe"
  }
}
