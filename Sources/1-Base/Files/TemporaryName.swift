import Glibc

/// The name of a temporary file: `.tmp.<label>.start<ticks>.<process>`.
package struct TemporaryName {
  /// What the file will be called, or the beginning of it.
  package let label: String
  /// The process that made it.
  package let process: Int32
  /// When that process started, in the system's ticks; nil where the name does not say, as in earlier
  /// versions, or the system did not.
  package let start: UInt64?

  /// A name for a file that will be called `label`, cut where the whole would be too long for one.
  package init(label: String) {
    self.label =
      label.utf8.count <= 200 ? label : String(decoding: label.utf8.prefix(200), as: UTF8.self)
    process = getpid()
    start = Self.ownStart
  }

  /// The parts of a name of this form; nil for any other name.
  package init?(_ text: String) {
    guard text.hasPrefix(".tmp."), let dot = text.lastIndex(of: "."),
      let process = Int32(text[text.index(after: dot)...]), process > 0
    else { return nil }
    let rest = text[..<dot].dropFirst(5)
    let mark = rest.lastIndex(of: ".")
    let last = mark.map { rest[rest.index(after: $0)...] } ?? ""
    start = last.hasPrefix(Self.startPrefix) ? UInt64(last.dropFirst(Self.startPrefix.count)) : nil
    label = String(start == nil ? rest : rest[..<(mark ?? rest.endIndex)])
    self.process = process
  }

  /// The name.
  package var text: String {
    ".tmp.\(label)" + (start.map { ".\(Self.startPrefix)\($0)" } ?? "") + ".\(process)"
  }

  /// Whether the process that made the file is gone, be it that another one has its number now; an own
  /// name is from an earlier process.
  package var isLeftOver: Bool {
    guard process != getpid() else { return true }
    switch ProcessLife(of: process) {
    case .gone: return true
    case .hidden: return false
    case .started(let ticks): return start.map { $0 != ticks } ?? false
    }
  }

  private static let startPrefix = "start"

  private static let ownStart: UInt64? =
    if case .started(let ticks) = ProcessLife(of: getpid()) { ticks } else { nil }
}
