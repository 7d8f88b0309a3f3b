/// A bound that the machine, a container or the user's shell sets on a process.
package struct HostLimit: Sendable, Equatable {
  /// What sets it, as users know it: `ulimit -u`, or a file of a control group.
  package let name: String
  /// The bound.
  package let most: Int
  /// How much of it can still be had; not below 0.
  package let free: Int
  /// Whether each process has it for itself; otherwise all processes on the host, or in the
  /// container, share it.
  package let isPerProcess: Bool

  /// A bound of which `used` is taken.
  package init(_ name: String, most: Int, used: Int, isPerProcess: Bool = false) {
    self.name = name
    self.most = most
    free = max(0, most - max(0, used))
    self.isPerProcess = isPerProcess
  }
}

/// The bounds that the kernel keeps for this process, as `ulimit` of a shell sets them.
package struct ProcessLimits: Sendable {
  private let text: String

  /// Reads them from `/proc/self/limits`.
  package init(_ files: HostFiles = HostFiles()) { text = files.text("/proc/self/limits") ?? "" }

  /// The bound that holds, by its name in that file, such as `Max processes`; nil if there is none.
  package subscript(name: String) -> Int? { HostFiles.number(name, in: text) }

  /// How far this process may raise it; nil if there is no bound.
  package func hard(_ name: String) -> Int? {
    let line = text.split(separator: "\n").first { $0.hasPrefix(name + " ") }
    return line?.dropFirst(name.count).split(separator: " ").dropFirst().first.flatMap { Int($0) }
  }
}
