import Files
import ImageIO

/// What is wrong with a dataset: its list, a file or a pixel.
package struct DatasetError: Error, Equatable, CustomStringConvertible {
  /// What kind of fault it is.
  package enum Kind: String, Sendable {
    /// A line of a list file, or the list file itself.
    case list = "list"
    /// A file that is missing, damaged or of an unsupported kind.
    case image = "image"
    /// An image and its labels differ in size.
    case size = "label size"
    /// A label value that is none of the classes.
    case label = "label value"
    /// The process may open no more files: nothing is wrong with this one.
    case tooManyFiles = "too many open files"
    /// The system refused something that is no file.
    case system = "system"
  }

  /// Where a fault comes from, and so with which code the process ends.
  package enum Origin: Sendable {
    /// What is there is wrong.
    case content
    /// There is no such file.
    case absence
    /// The disk or the file server could not read it, and perhaps can later.
    case reading
  }

  /// What kind of fault it is.
  package let kind: Kind
  /// Where it comes from.
  package let origin: Origin
  /// The file and, of a list, the line.
  package let place: String
  /// What was found and expected, on one line.
  package let reason: String

  /// A fault at a place.
  package init(
    _ kind: Kind, at place: String, _ reason: String, origin: Origin = .content
  ) {
    self.kind = kind
    self.origin = origin
    self.place = place
    self.reason = reason
  }

  /// A file of a kind that could not be read.
  init(_ error: ImageError, _ kind: Kind = .image) {
    let origin: Origin =
      switch error.kind {
      case .missing: .absence
      case .inputOutput: .reading
      default: .content
      }
    self.init(
      error.kind == .tooManyFiles ? .tooManyFiles : kind, at: error.path, error.reason,
      origin: origin)
  }

  /// What faults that one cause may have say alike: the reason without names, paths and numbers, and of
  /// a label its value.
  package var likeness: String {
    let words = reason.split(separator: " ")
    if kind == .label { return "\(kind.rawValue) \(words.prefix(2).joined(separator: " "))" }
    return ([Substring(kind.rawValue)] + words)
      .filter { word in !word.contains { $0 == "/" || $0 == "." || $0.isNumber } }
      .joined(separator: " ")
  }

  /// One line: kind, place, reason.
  package var description: String { "\(kind.rawValue): \(place): \(reason)" }
}

extension DatasetError.Origin {
  /// Where a file is that a call of the system did not find, or did not read.
  init(_ error: SystemError) {
    self = error.meansMissing ? .absence : error.isDenied ? .content : .reading
  }
}
