import Files
import WeightFiles

/// How often in a row saving may fail because the disk is full before the run ends.
///
/// A full disk costs what a crash would lose, not the run: older checkpoints stay, and someone may
/// make room before the next one.
package struct SaveLimit {
  /// Checkpoints in a row that may be missed.
  package static let misses = 2
  private var missed = 0

  /// Nothing was missed so far.
  package init() {}

  /// Notes a success.
  package mutating func saved() { missed = 0 }

  /// Notes a failure; throws it if the run cannot wait any longer.
  ///
  /// - Parameters:
  ///   - error: why there is no checkpoint.
  ///   - isLast: whether there will be no further attempt.
  /// - Returns: how many were missed in a row.
  package mutating func missed(_ error: any Error, isLast: Bool) throws -> Int {
    missed += 1
    guard let failure = error as? FileError, failure.mayPass, !isLast,
      missed <= Self.misses
    else { throw error }
    return missed
  }
}

extension FileError {
  /// Whether trying again later may help: room can be made, a file server can come back, files that are
  /// open now are closed.
  var mayPass: Bool { [.noSpace, .inputOutput, .tooManyFiles].contains(kind) }
}

/// The run stopped because it was asked to; everything up to its last iteration is saved.
package struct Preempted: Error, CustomStringConvertible, Sendable {
  /// The iterations that are done and saved.
  package let iteration: Int

  /// One line.
  package var description: String {
    "stopped by request after iteration \(iteration), which is saved; the same command goes on "
      + "(exit code 75)"
  }
}
