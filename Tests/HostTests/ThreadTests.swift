import Foundation
import Host
import Synchronization
import Testing

/// Threads that start, and those that cannot.
@Suite struct ThreadTests {
  @Test(arguments: [false, true])
  func aThreadRunsToItsEnd(isProven: Bool) throws {
    let sum = Atomic(0)
    let threads = try (1...20).map { number in
      try Threads.start("rdd-test", isProven: isProven) {
        sum.add(number, ordering: .relaxed)
      }
    }
    for thread in threads {
      thread.join()
      thread.join()
    }
    #expect(sum.load(ordering: .relaxed) == 210)
  }

  /// A stack larger than any address space: the system says no.
  @Test(arguments: [false, true])
  func aThreadThatCannotStartIsAnError(isProven: Bool) throws {
    let error = #expect(throws: ThreadError.self) {
      try Threads.start("rdd-test", stackBytes: 1 << 50, isProven: isProven) {}
    }
    let line = String(describing: try #require(error))
    #expect(line.hasPrefix("threads: rdd-test: found that none starts ("))
    #expect(line.contains("raise ulimit -u"))
  }

  @Test func aProbeLeavesNoThread() {
    let probe = ThreadProbe(40)
    #expect(probe.count == 40 && probe.failure == nil)
    probe.end()
    #expect(names("rdd-probe") == 0)
  }

  /// How many threads of this process have a name.
  private func names(_ name: String) -> Int {
    let files = HostFiles()
    return files.names("/proc/self/task").filter {
      files.text("/proc/self/task/\($0)/comm") == name + "\n"
    }.count
  }
}
