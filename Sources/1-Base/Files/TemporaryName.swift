import Glibc

/// The name of a temporary file: `.tmp.<label>.<process>`.
package struct TemporaryName {
  /// What the file will be called, or the beginning of it.
  package let label: String
  /// The process that made it.
  package let process: Int32

  /// A name for a file that will be called `label`, cut where the whole would be too long for one.
  package init(label: String) {
    self.label =
      label.utf8.count <= 200 ? label : String(decoding: label.utf8.prefix(200), as: UTF8.self)
    process = getpid()
  }

  /// The parts of a name of this form; nil for any other name.
  package init?(_ text: String) {
    guard text.hasPrefix(".tmp."), let dot = text.lastIndex(of: "."),
      let process = Int32(text[text.index(after: dot)...]), process > 0
    else { return nil }
    label = String(text[..<dot].dropFirst(5))
    self.process = process
  }

  /// The name.
  package var text: String { ".tmp.\(label).\(process)" }

  /// Whether the process that made the file is gone; an own name is from an earlier process.
  package var isLeftOver: Bool {
    process == getpid() || (kill(process, 0) == -1 && errno == ESRCH)
  }
}
