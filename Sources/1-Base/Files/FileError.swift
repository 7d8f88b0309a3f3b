import Glibc

/// Why a file of a run, weights or a checkpoint could not be read, written or used; one line.
package struct FileError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What kind of failure it is, and so with which code the process ends.
  package enum Kind: String, Sendable, CaseIterable {
    /// Weights are damaged, hostile or of another kind.
    case refused = "weights refused"
    /// Another file is damaged or of another kind.
    case unsuitable = "file refused"
    /// There is no such file.
    case missing = "weights missing"
    /// The system refused to open, read, write or rename.
    case inputOutput = "file failed"
    /// There is less room on the disk than a safe save needs.
    case noSpace = "disk full"
    /// The process may not have the memory that the file's content takes.
    case noMemory = "too little memory"
    /// The process may open no more files.
    case tooManyFiles = "too many open files"
    /// Another run holds the folder, or it is this run's no longer.
    case locked = "run folder in use"
    /// There is no place where this user can write the file or make the folder.
    case notWritable = "not writable"

    /// The process's exit code, from sysexits.h: 65 data, 66 no input, 69 the host gives
    /// too little, 73 cannot create, 74 input/output.
    package var exitCode: Int32 {
      switch self {
      case .refused, .unsuitable: 65
      case .missing: 66
      case .noMemory, .tooManyFiles: 69
      case .locked, .notWritable: 73
      case .inputOutput, .noSpace: 74
      }
    }
  }

  /// What kind of failure it is.
  package let kind: Kind
  /// The file or folder.
  package let path: String
  /// Place, what was found, what was expected and what to do.
  package let detail: String
  /// What the system answered, if it was a call that failed.
  package let cause: SystemError?

  /// Says why a file could not be used.
  package init(kind: Kind, path: String, detail: String, cause: SystemError? = nil) {
    self.kind = kind
    self.path = path
    self.detail = detail
    self.cause = cause
  }

  /// The process's exit code, which is its kind's.
  package var exitCode: Int32 { kind.exitCode }

  /// One line: what, where, found, expected, what to do.
  package var description: String { "\(kind.rawValue): \(oneLine(path)): \(detail)" }

  /// Weights whose content is not as it must be.
  package static func refused(
    _ path: String, _ place: String? = nil, found: String, expected: String,
    advice: String = "use another copy of the file"
  ) -> FileError {
    let prefix = place.map { $0 + ": " } ?? ""
    return FileError(
      kind: .refused, path: path, detail: "\(prefix)found \(found); expected \(expected); \(advice)"
    )
  }

  /// A call of the operating system that failed.
  package static func system(_ path: String, _ call: String, _ error: SystemError) -> FileError {
    let kind: Kind =
      if error.isOutOfSpace {
        .noSpace
      } else if error.meansTooManyFiles {
        .tooManyFiles
      } else {
        error.code == ENOMEM ? .noMemory : .inputOutput
      }
    return FileError(
      kind: kind, path: path,
      detail: "\(call): found \(error); expected success; \(error.advice)", cause: error)
  }

  /// A call that makes a file or folder and failed: the place's fault, or the disk's.
  package static func creation(_ path: String, _ call: String, _ error: SystemError) -> FileError {
    guard error.isDenied else { return .system(path, call, error) }
    return FileError(
      kind: .notWritable, path: path,
      detail: "\(call): found \(error); expected a place that this user can write; choose another",
      cause: error)
  }
}
