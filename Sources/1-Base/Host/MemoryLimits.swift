/// How much memory more this machine gives, in bytes.
package enum MemoryLimits {
  /// The name of what the host itself has.
  package static let host = "the host's memory"

  /// Every limit that can be seen, the tightest first.
  package static func all(_ files: HostFiles = HostFiles()) -> [HostLimit] {
    let information = files.text("/proc/meminfo") ?? ""
    func bytes(_ key: String) -> Int? {
      HostFiles.number(key, in: information).map { $0 << 10 }
    }
    var limits = ControlGroups(files).memory
    if let free = bytes("MemAvailable:") {
      let all = bytes("MemTotal:") ?? free
      limits.append(HostLimit(host, most: all, used: all - free))
    }
    let (process, status) = (ProcessLimits(files), ProcessStatus("self", files))
    for (name, limit, usage) in [
      ("ulimit -v", "Max address space", "VmSize"), ("ulimit -d", "Max data size", "VmData"),
    ] {
      guard let most = process[limit] else { continue }
      limits.append(
        HostLimit(name, most: most, used: status.bytes(usage) ?? 0, isPerProcess: true))
    }
    return limits.sorted { $0.free < $1.free }
  }

  /// What can still be moved from memory to the disk.
  package static func swap(_ files: HostFiles = HostFiles()) -> Int {
    HostFiles.number("SwapFree:", in: files.text("/proc/meminfo") ?? "").map { $0 << 10 } ?? 0
  }
}
