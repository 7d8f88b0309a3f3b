/// What ends a run: one line and the exit code that tells launchers whether to start again.
package struct TrainingError: Error, CustomStringConvertible, Sendable {
  /// Exit codes, after sysexits.h where one fits.
  package enum Code: Int32, Sendable, CaseIterable {
    /// A recipe, list, image or weight file is wrong.
    case badData = 65
    /// Something that was named does not exist.
    case missingInput = 66
    /// The ranks are not what they should be: singletons, other recipes, no device.
    case badWorld = 69
    /// A defect of the program or of a library.
    case internalFailure = 70
    /// The run folder cannot be made or is in use.
    case cannotCreate = 73
    /// Writing failed, or a disk or file server failed to read.
    case writeFailed = 74
    /// Someone asked the run to stop; it saved and can go on.
    case preempted = 75
    /// The loss or the gradients stayed non-finite.
    case diverged = 80
  }

  /// What, where, found, expected, what to do.
  package let description: String
  /// How the job ends.
  package let code: Code

  /// An error with its exit code.
  package init(_ code: Code, _ description: String) {
    self.code = code
    self.description = description
  }
}
