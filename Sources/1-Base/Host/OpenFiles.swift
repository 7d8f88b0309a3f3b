import Glibc

/// How many files this process may have open at once.
package enum OpenFiles {
  /// `ulimit -n`; nil if there is no limit.
  package static func limit(_ files: HostFiles = HostFiles()) -> HostLimit? {
    ProcessLimits(files)["Max open files"].map { most in
      // One of them is the folder that tells of them.
      let open = files.names("/proc/self/fd").count { $0.first?.isNumber ?? false }
      return HostLimit("ulimit -n", most: most, used: open - 1, isPerProcess: true)
    }
  }

  /// How far this process may raise its limit; nil if as far as it likes.
  package static func hardLimit(_ files: HostFiles = HostFiles()) -> Int? {
    ProcessLimits(files).hard("Max open files")
  }

  /// Raises the limit to `count`, or as near to it as the system allows. It is never lowered.
  package static func raise(to count: Int) {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0,
      limit.rlim_cur < rlim_t(count)
    else { return }
    limit.rlim_cur = min(rlim_t(count), limit.rlim_max)
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
  }
}
