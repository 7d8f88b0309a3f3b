import Host
import Synchronization
import Testing

/// Threads that share work.
@Suite struct WorkerTests {
  @Test(arguments: [1, 2, 5])
  func poolsDoEveryTaskOnce(_ threads: Int) {
    let pool = WorkerPool("rdd-test", threadCount: threads)
    for count in [0, 1, 3, 100] {
      let done = Mutex([Int](repeating: 0, count: count))
      let workers = Mutex<Set<Int>>([])
      pool.run(count) { task, worker in
        done.withLock { $0[task] += 1 }
        workers.withLock { _ = $0.insert(worker) }
      }
      #expect(done.withLock { $0 } == [Int](repeating: 1, count: count))
      #expect(workers.withLock { $0.allSatisfy((0..<threads).contains) })
    }
  }

  @Test func threadsDoEveryIndexOnce() throws {
    for (count, threads) in [(0, 2), (1, 4), (50, 3)] {
      let done = Monitor([Int](repeating: 0, count: count))
      try WorkerThreads.forEach(count, threadCount: threads, named: "rdd-test") { index in
        done.change { $0[index] += 1 }
      }
      #expect(done.change { $0 } == [Int](repeating: 1, count: count))
    }
  }

  @Test func monitorsWaitForWhatTheyAreTold() throws {
    let monitor = Monitor(0)
    let thread = try Threads.start("rdd-test") {
      for _ in 0..<3 { monitor.change { $0 += 1 } }
    }
    #expect(monitor.wait { $0 == 3 ? "three" : nil } == "three")
    thread.join()
  }
}
