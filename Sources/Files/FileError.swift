/// Why a file of a run, weights or a checkpoint could not be read, written or used; one line.
public struct FileError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What kind of failure it is, and so with which code the process ends.
  public enum Kind: String, Sendable {
    /// The content is damaged, hostile or of another kind.
    case refused = "weights refused"
    /// There is no such file.
    case missing = "weights missing"
    /// The system refused to open, read, write or rename.
    case inputOutput = "file failed"
    /// There is less room on the disk than a safe save needs.
    case noSpace = "disk full"
    /// Another run holds the folder.
    case locked = "run folder in use"
  }

  /// What kind of failure it is.
  public let kind: Kind
  /// The file or folder.
  public let path: String
  /// Place, what was found, what was expected and what to do.
  public let detail: String

  /// Says why a file could not be used.
  package init(kind: Kind, path: String, detail: String) {
    self.kind = kind
    self.path = path
    self.detail = detail
  }

  /// The process's exit code, from sysexits.h: 65 data, 66 no input, 73 cannot create, 74 input/output.
  public var exitCode: Int32 {
    switch kind {
    case .refused: 65
    case .missing: 66
    case .locked: 73
    case .inputOutput, .noSpace: 74
    }
  }

  /// One line: what, where, found, expected, what to do.
  public var description: String { "\(kind.rawValue): \(oneLine(path)): \(detail)" }

  /// A file whose content is not as it must be.
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
    let kind: Kind = error.isOutOfSpace ? .noSpace : .inputOutput
    return FileError(
      kind: kind, path: path,
      detail: "\(call): found \(error); expected success; check the disk and the permissions")
  }
}
