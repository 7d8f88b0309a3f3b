/// What the kernel tells of a process in `/proc/PID/status`, read once.
///
/// Source: proc_pid_status(5).
package struct ProcessStatus: Sendable {
  private let lines: [Substring]

  /// Reads it; without `/proc`, or for a process that has ended, nothing is told.
  ///
  /// - Parameters:
  ///   - process: its number; `self` for this one.
  ///   - files: where the kernel tells of it.
  package init(_ process: String = "self", _ files: HostFiles = HostFiles()) {
    self.init(text: files.text("/proc/\(process)/status") ?? "")
  }

  /// The text of such a file.
  package init(text: String) { lines = text.split(separator: "\n") }

  /// What stands behind a key, such as `Uid`, without blanks around it; nil if the key is not there.
  package subscript(key: String) -> Substring? {
    guard let line = lines.first(where: { $0.hasPrefix(key + ":") }) else { return nil }
    let value = line.dropFirst(key.count + 1).drop(while: \.isBlank)
    return value.lastIndex { !$0.isBlank }.map { value[...$0] } ?? value
  }

  /// The first number behind a key: the real user of `Uid`, `Threads`.
  package func number(_ key: String) -> Int? {
    self[key]?.split(whereSeparator: \.isBlank).first.flatMap { Int($0) }
  }

  /// An amount of memory in bytes, such as `VmSize` or `VmHWM`: the kernel tells it in kB of 1024.
  package func bytes(_ key: String) -> Int? { number(key).map { $0 << 10 } }
}
