import DataParallel
import Datasets
import Files
import Host
import ImageIO
import MPI
import Methods
import Networks
import Recipes
import WeightFiles

extension TrainingError {
  /// The exit code that tells launchers what went wrong, whatever module it comes from.
  package static func exitCode(of error: any Error) -> Int32 {
    switch error {
    case let error as TrainingError: error.code.rawValue
    case let error as FileError: error.exitCode
    case let error as RecipeError:
      (error.kind == .unreadable ? Code.missingInput : .badData).rawValue
    case let error as ImageError:
      switch error.kind {
      case .file, .missing: Code.missingInput.rawValue
      case .inputOutput: Code.writeFailed.rawValue
      case .tooManyFiles: Code.badWorld.rawValue
      default: Code.badData.rawValue
      }
    case let error as DatasetError:
      switch error.origin {
      case _ where error.kind == .tooManyFiles: Code.badWorld.rawValue
      case .absence: Code.missingInput.rawValue
      case .reading: Code.writeFailed.rawValue
      case .content: Code.badData.rawValue
      }
    case let error as RankFailure: error.code
    case is WeightMismatch, is MethodError: Code.badData.rawValue
    case is LaunchError: LaunchError.exitCode
    case is ThreadError: ThreadError.exitCode
    case is DisagreementError: Code.badWorld.rawValue
    case is MPIError: FailureExit.communicationFailed
    default: Code.internalFailure.rawValue
    }
  }

  /// Every code of `exitCode(of:)`.
  package static var exitCodes: Set<Int32> {
    Set(
      Code.allCases.map(\.rawValue) + FileError.Kind.allCases.map(\.exitCode)
        + [LaunchError.exitCode, ThreadError.exitCode, FailureExit.communicationFailed])
  }
}
