import Host
import Testing

/// Limits of containers, in folders that are made up.
@Suite struct ControlGroupTests {
  private let first = [
    "/proc/self/cgroup":
      "9:name=systemd:/\n4:memory:/jobs/a:b\n3:cpu,cpuacct:/jobs\n8:pids:/jobs/x\n0::/\n",
    "/proc/self/mountinfo": FakeHost.mount("cgroup", at: "/cg/memory", options: "memory")
      + FakeHost.mount("cgroup", at: "/cg/cpu", options: "cpu,cpuacct")
      + FakeHost.mount("cgroup", at: "/cg/pids", options: "pids")
      + FakeHost.mount("cgroup2", at: "/cg/unified"),
  ]

  @Test func theSmallestOfAllGroupsAboveCounts() throws {
    let files = [
      "/cg/pids/jobs/x/pids.max": "max\n", "/cg/pids/jobs/x/pids.current": "9\n",
      "/cg/pids/jobs/pids.max": "40\n", "/cg/pids/jobs/pids.current": "31\n",
      "/cg/cpu/jobs/cpu.cfs_quota_us": "-1\n", "/cg/cpu/jobs/cpu.cfs_period_us": "100000\n",
      "/cg/cpu/cpu.cfs_quota_us": "50000\n", "/cg/cpu/cpu.cfs_period_us": "100000\n",
    ]
    try FakeHost.with(first.merging(files) { $1 }) { host in
      let groups = ControlGroups(host.files)
      #expect(groups.threads == [HostLimit("/cg/pids/jobs/pids.max", most: 40, used: 31)])
      #expect(groups.threads.first?.free == 9)
      #expect(groups.processorTime?.cores == 0.5)
      #expect(groups.processorTime?.name == "/cg/cpu/cpu.cfs_quota_us")
    }
  }

  /// A folder's name may hold a colon; what files take of memory gives way.
  @Test func memoryOfVersionOne() throws {
    let folder = "/cg/memory/jobs/a:b"
    let files = [
      "\(folder)/memory.limit_in_bytes": "400000\n", "\(folder)/memory.usage_in_bytes": "390000\n",
      "\(folder)/memory.stat":
        "inactive_file 1\ntotal_inactive_file 200000\ntotal_active_file 50000\ntotal_rss 9\n",
      "/cg/memory/jobs/memory.limit_in_bytes": "9223372036854771712\n",
      "/cg/memory/jobs/memory.usage_in_bytes": "5\n",
    ]
    try FakeHost.with(first.merging(files) { $1 }) { host in
      let limits = ControlGroups(host.files).memory
      #expect(limits.map(\.name) == ["\(folder)/memory.limit_in_bytes"])
      #expect(limits.first?.free == 400_000 - 390_000 + 250_000)
    }
  }

  @Test func versionTwo() throws {
    let files = [
      "/proc/self/cgroup": "0::/user/run\n",
      "/proc/self/mountinfo": FakeHost.mount("cgroup2", at: "/sys/fs/cgroup"),
      "/sys/fs/cgroup/user/run/memory.max": "max\n",
      "/sys/fs/cgroup/user/run/memory.current": "7\n",
      "/sys/fs/cgroup/user/memory.max": "1000\n", "/sys/fs/cgroup/user/memory.current": "900\n",
      "/sys/fs/cgroup/user/memory.stat": "anon 1\ninactive_file 100\nactive_file 50\n",
      "/sys/fs/cgroup/user/run/cpu.max": "250000 100000\n",
      "/sys/fs/cgroup/user/cpu.max": "150000 100000\n",
    ]
    try FakeHost.with(files) { host in
      let groups = ControlGroups(host.files)
      #expect(groups.memory == [HostLimit("/sys/fs/cgroup/user/memory.max", most: 1000, used: 750)])
      #expect(groups.processorTime?.cores == 1.5 && groups.threads.isEmpty)
    }
  }

  /// A container may see the path of its group as the host does, and the group itself at the mount.
  @Test(arguments: ["/docker/12", "/../other", "/elsewhere"])
  func aContainerSeesItsGroupWhereItIsMounted(path: String) throws {
    let files = [
      "/proc/self/cgroup": "8:pids:\(path)\n",
      "/proc/self/mountinfo": FakeHost.mount(
        "cgroup", at: "/my\\040groups", root: "/docker/12", options: "pids"),
      "/my groups/pids.max": "12\n", "/my groups/pids.current": "2\n",
    ]
    try FakeHost.with(files) { host in
      #expect(ControlGroups(host.files).threads.first?.free == 10)
    }
  }

  @Test func processorTimeIsReadFromText() {
    #expect(ControlGroups.cores(inText: "250000 100000\n") == 2.5)
    for text in ["max 100000\n", "", "0 0", "-1 100000"] {
      #expect(ControlGroups.cores(inText: text) == nil)
    }
  }

  @Test func noProcNoLimits() throws {
    try FakeHost.with([:]) { host in
      let groups = ControlGroups(host.files)
      #expect(groups.threads.isEmpty && groups.memory.isEmpty && groups.processorTime == nil)
      #expect(ThreadLimits.all(host.files).isEmpty && MemoryLimits.all(host.files).isEmpty)
    }
  }
}
