import Foundation

/// Threads that share a list of tasks.
///
/// Which thread takes which task is left to chance; tasks write to places of their own, so results
/// do not depend on it.
package final class WorkerPool: @unchecked Sendable {
  /// The number of threads that work, the caller included.
  package let threadCount: Int
  private let shared = Shared()

  /// A pool of `threadCount - 1` sleeping threads; the caller of `run` is the last one. A thread that does
  /// not start ends the job.
  ///
  /// - Parameters:
  ///   - name: what the kernel calls each.
  ///   - threadCount: the number of threads, at least 1.
  package init(_ name: String, threadCount: Int) {
    precondition(
      threadCount >= 1, "WorkerPool: threadCount is \(threadCount); expected at least 1")
    self.threadCount = threadCount
    for worker in 1..<max(threadCount, 1) {
      let shared = shared
      Threads.startOrEnd(name, stackBytes: 4 << 20) { shared.serve(worker: worker) }
    }
  }

  deinit { shared.stop() }

  /// Calls `body(task, worker)` once for every task in `0..<count` and returns when all are done.
  ///
  /// - Parameters:
  ///   - count: the number of tasks.
  ///   - body: the work; `worker`, in `0..<threadCount`, names the thread's scratch memory.
  package func run(_ count: Int, _ body: (_ task: Int, _ worker: Int) -> Void) {
    guard threadCount > 1, count > 1 else {
      for task in 0..<count { body(task, 0) }
      return
    }
    withoutActuallyEscaping(body) { shared.run(count, $0) }
  }
}

/// What the threads of a pool share: the tasks that are left, and who is still at work.
private final class Shared: @unchecked Sendable {
  private let condition = NSCondition()
  private var body: ((Int, Int) -> Void)?
  private var next = 0
  private var count = 0
  private var unfinished = 0
  private var stopped = false

  func run(_ count: Int, _ body: @escaping (Int, Int) -> Void) {
    condition.lock()
    self.body = body
    self.count = count
    next = 0
    unfinished = count
    condition.broadcast()
    work(worker: 0)
    while unfinished > 0 { condition.wait() }
    self.body = nil
    condition.unlock()
  }

  func serve(worker: Int) {
    condition.lock()
    while !stopped {
      work(worker: worker)
      if !stopped { condition.wait() }
    }
    condition.unlock()
  }

  func stop() {
    condition.lock()
    stopped = true
    condition.broadcast()
    condition.unlock()
  }

  /// Takes tasks until none is left; called and left with the lock held.
  private func work(worker: Int) {
    while next < count, let body {
      let task = next
      next += 1
      condition.unlock()
      body(task, worker)
      condition.lock()
      unfinished -= 1
      if unfinished == 0 { condition.broadcast() }
    }
  }
}
