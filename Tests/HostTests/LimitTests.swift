import Host
import Testing

/// Limits of shells and of the machine, in files that are made up.
@Suite struct LimitTests {
  private func host(
    user: Int, capabilities: String = "0", map: String = "0 0 4294967295\n"
  ) -> [String: String] {
    [
      "/proc/self/status":
        "Name:\trdd\nUid:\t\(user)\t0\t0\t0\nVmSize:\t   300 kB\nVmData:\t 100 kB\nCapEff:\t\(capabilities)\n",
      "/proc/self/uid_map": map,
      "/proc/self/limits": """
      Limit                     Soft Limit           Hard Limit           Units
      Max processes             20                   30                   processes
      Max open files            16                   unlimited            files
      Max address space         1024000              unlimited            bytes
      Max data size             unlimited            unlimited            bytes

      """,
      "/proc/7/status": "Name:\ta\nUid:\t501\t501\t501\t501\nThreads:\t9\n",
      "/proc/8/status": "Name:\tb c\nUid:\t501\t501\t501\t501\nThreads:\t4\n",
      "/proc/9/status": "Name:\tc\nUid:\t0\t0\t0\t0\nThreads:\t5\n",
      "/proc/loadavg": "0.1 0.2 0.3 2/80 1234\n",
      "/proc/sys/kernel/threads-max": "1000\n",
    ]
  }

  @Test func allThreadsOfTheUserCount() throws {
    try FakeHost.with(host(user: 501)) { host in
      let limits = ThreadLimits.all(host.files)
      #expect(limits.map(\.name) == ["ulimit -u", "/proc/sys/kernel/threads-max"])
      #expect(limits.map(\.free) == [20 - 13, 1000 - 80])
    }
  }

  /// The kernel lets root pass, and who may manage the system, but not the root of a namespace.
  @Test func whoPassesTheLimit() throws {
    func isLimited(_ files: [String: String]) throws -> Bool {
      var names: [String] = []
      try FakeHost.with(files) { names = ThreadLimits.all($0.files).map(\.name) }
      return names.contains("ulimit -u")
    }
    #expect(try !isLimited(host(user: 0)))
    #expect(try !isLimited(host(user: 501, capabilities: "0000000000200000")))
    #expect(try !isLimited(host(user: 501, capabilities: "0000000001000000")))
    #expect(try isLimited(host(user: 501, capabilities: "0000000000000fff")))
    #expect(try isLimited(host(user: 0, capabilities: "000001ffffffffff", map: "0 501 1\n")))
  }

  @Test func theTightestMemoryComesFirst() throws {
    let files = host(user: 501).merging([
      "/proc/meminfo": "MemTotal:  2000 kB\nMemFree: 1 kB\nMemAvailable:  700 kB\nSwapFree: 5 kB\n"
    ]) { $1 }
    try FakeHost.with(files) { host in
      let limits = MemoryLimits.all(host.files)
      #expect(limits.map(\.name) == ["the host's memory", "ulimit -v"])
      #expect(limits.map(\.free) == [700 << 10, (1000 - 300) << 10])
      #expect(limits.map(\.isPerProcess) == [false, true])
      #expect(MemoryLimits.swap(host.files) == 5 << 10)
    }
  }

  /// A container's limits are among them.
  @Test func groupsOfAContainerCount() throws {
    let groups = [
      "/proc/self/cgroup": "0::/\n",
      "/proc/self/mountinfo": FakeHost.mount("cgroup2", at: "/sys/fs/cgroup"),
      "/sys/fs/cgroup/memory.max": "102400\n", "/sys/fs/cgroup/memory.current": "1024\n",
      "/sys/fs/cgroup/pids.max": "9\n", "/sys/fs/cgroup/pids.current": "4\n",
      "/proc/meminfo": "MemTotal:  2000 kB\nMemAvailable:  700 kB\n",
    ]
    try FakeHost.with(host(user: 501).merging(groups) { $1 }) { host in
      let (memory, threads) = (MemoryLimits.all(host.files), ThreadLimits.all(host.files))
      #expect(memory.first?.name == "/sys/fs/cgroup/memory.max" && memory.count == 3)
      #expect(threads.first?.name == "/sys/fs/cgroup/pids.max" && threads.first?.free == 5)
    }
  }

  @Test func openFiles() throws {
    try FakeHost.with(host(user: 501)) { host in
      #expect(OpenFiles.limit(host.files)?.most == 16)
      #expect(OpenFiles.hardLimit(host.files) == nil)
    }
    // Of a shell three are open, and the folder while it is read.
    let open = ["0", "1", "2", "3"].map { ("/proc/self/fd/\($0)", "") }
    let files = host(user: 501).merging(Dictionary(uniqueKeysWithValues: open)) { $1 }
    try FakeHost.with(files) { #expect(OpenFiles.limit($0.files)?.free == 16 - 3) }
    let before = OpenFiles.limit()?.most
    OpenFiles.raise(to: 1)
    #expect(OpenFiles.limit()?.most == before)
  }

  @Test func sharedMemoryOfOpenMPI() {
    let plain = SharedMemory([:], version: 4)
    #expect(plain?.folder == "/dev/shm" && plain?.segmentBytes == 4 << 20)
    let set = SharedMemory(
      [
        "OMPI_MCA_btl_vader_segment_size": "2m", "OMPI_MCA_btl_vader_backing_directory": "/a",
        "OMPI_MCA_btl": "self,vader",
      ], version: 4)
    #expect(set?.folder == "/a" && set?.segmentBytes == 2 << 20)
    for version in [4, 5] {
      func memory(_ list: String) -> SharedMemory? {
        SharedMemory(["OMPI_MCA_btl": list], version: version)
      }
      #expect(memory("tcp,self") == nil && memory("^vader,openib") == nil)
      #expect(memory("^openib") != nil && memory("vader,self") != nil)
      #expect((memory("sm,self") == nil) == (version == 4))
    }
    #expect(SharedMemory([:], version: 5)?.segmentBytes == 16 << 20)
    #expect(
      SharedMemory(["OMPI_MCA_btl_sm_segment_size": "8m"], version: 5)?.segmentBytes == 8 << 20)
    #expect(plain?.bytesNeeded(ranks: 1) == (4 << 20) * 21 / 20)
    let nowhere = ["OMPI_MCA_btl_vader_backing_directory": "/no/where"]
    #expect(SharedMemory(nowhere, version: 4)?.freeBytes == nil)
  }
}
