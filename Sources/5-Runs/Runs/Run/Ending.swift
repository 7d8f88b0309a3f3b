import DataParallel
import Steps

/// Why all ranks end between two iterations, after they have saved.
enum Ending {
  /// One of them was asked to.
  case request(iteration: Int)
  /// One of them cannot read its next images.
  case failure(RankFailure)

  /// What the job ends with.
  var error: any Error {
    switch self {
    case .request(let iteration): Preempted(iteration: iteration)
    case .failure(let failure): failure
    }
  }

  /// What the ranks decide together, since one of them may know first; nil if they go on. Collective.
  ///
  /// - Parameters:
  ///   - coordinator: the ranks.
  ///   - iteration: the last one that is done.
  ///   - failure: why this rank cannot go on; nil if it can.
  static func agreed(
    _ coordinator: Coordinator, after iteration: Int, failure: (any Error)? = nil
  ) -> Ending? {
    // One small sum for both. Who was asked to stop finds what has failed at the next start.
    let wish: UInt8 = StopRequest.isWanted ? 2 : failure == nil ? 0 : 1
    switch coordinator.agreement.largest(wish) {
    case 0: return nil
    case 1:
      return RankFailure.first(
        failure, code: TrainingError.exitCode(of:), coordinator.reducer
      ).map { .failure($0.saved(after: iteration)) }
    default: return .request(iteration: iteration)
    }
  }
}

extension RankFailure {
  /// The same failure, which says how far the run is saved.
  func saved(after iteration: Int) -> RankFailure {
    adding("; iteration \(iteration) is saved, from which the same command goes on")
  }
}
