/// How many threads more this machine allows.
package enum ThreadLimits {
  /// Every limit that can be seen, the tightest first.
  ///
  /// The kernel also counts what is not seen from inside a container, such as this user's processes
  /// in others: `ThreadProbe` asks it.
  package static func all(_ files: HostFiles = HostFiles()) -> [HostLimit] {
    let running = threadsOfAll(files)
    let kernel = ["threads-max", "pid_max"].compactMap { name in
      files.number("/proc/sys/kernel/\(name)").map {
        HostLimit("/proc/sys/kernel/\(name)", most: $0, used: running)
      }
    }
    let limits = (userLimit(files).map { [$0] } ?? []) + ControlGroups(files).threads + kernel
    return limits.sorted { $0.free < $1.free }
  }

  /// `ulimit -u`, which counts the processes and threads of this user; nil if it does not hold.
  private static func userLimit(_ files: HostFiles) -> HostLimit? {
    let status = ProcessStatus("self", files)
    guard let most = ProcessLimits(files)["Max processes"], let user = status.number("Uid"),
      !isExempt(user, status, files)
    else { return nil }
    let used = files.names("/proc").filter { $0.first?.isNumber ?? false }.reduce(0) {
      sum, process in
      let status = ProcessStatus(process, files)
      guard status.number("Uid") == user else { return sum }
      return sum + (status.number("Threads") ?? 1)
    }
    return HostLimit("ulimit -u", most: most, used: used)
  }

  /// Whether the kernel lets this process pass `ulimit -u`: the machine's root, whatever its
  /// capabilities, and who may manage the system or its resources. Source: Linux, kernel/fork.c.
  private static func isExempt(_ user: Int, _ status: ProcessStatus, _ files: HostFiles) -> Bool {
    let map = (files.text("/proc/self/uid_map") ?? "").split(whereSeparator: \.isBlank)
    guard map.isEmpty || map == ["0", "0", "4294967295"] else { return false }
    let capabilities = status["CapEff"].flatMap { UInt64($0, radix: 16) } ?? 0
    let (administration, resources) = (UInt64(1) << 21, UInt64(1) << 24)
    return user == 0 || capabilities & (administration | resources) != 0
  }

  /// Threads of the whole machine: `0.20 0.18 0.12 1/80 11206` says 80.
  private static func threadsOfAll(_ files: HostFiles) -> Int {
    let words = (files.text("/proc/loadavg") ?? "").split(separator: " ")
    guard words.count > 3 else { return 0 }
    return words[3].split(separator: "/").last.flatMap { Int($0) } ?? 0
  }
}
