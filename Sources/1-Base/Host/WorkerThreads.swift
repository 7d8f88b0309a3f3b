import Synchronization

/// Threads that all run one function.
package final class WorkerThreads: Sendable {
  private let threads = Monitor<[StartedThread]>([])

  /// Starts `count` threads.
  ///
  /// - Parameters:
  ///   - name: what the kernel calls each.
  ///   - count: how many, at least 1.
  ///   - stop: makes those that run come to their end, if one does not start.
  ///   - body: what each of them runs.
  /// - Throws: if the system does not give all of them; none runs then.
  package init(
    _ name: String, count: Int, stop: () -> Void, _ body: @escaping @Sendable () -> Void
  ) throws(ThreadError) {
    precondition(count > 0, "\(count) threads")
    do throws(ThreadError) {
      for _ in 0..<count {
        let thread = try Threads.start(name, body)
        threads.change { $0.append(thread) }
      }
    } catch {
      stop()
      join()
      throw error
    }
  }

  /// Waits until every thread has ended. Not to be called from one of them.
  package func join() {
    let ending = threads.change { threads in
      defer { threads = [] }
      return threads
    }
    for thread in ending { thread.join() }
  }

  /// Runs `body` for each index in `0..<count`, in any order, on `threadCount` threads.
  ///
  /// - Throws: if the system does not give all of them; some indices may be done then.
  package static func forEach(
    _ count: Int, threadCount: Int, named name: String, _ body: @escaping @Sendable (Int) -> Void
  ) throws(ThreadError) {
    let next = SharedCounter()
    try WorkerThreads(
      name, count: max(1, min(threadCount, count)),
      stop: { next.value.store(count, ordering: .relaxed) }
    ) {
      while true {
        let index = next.value.add(1, ordering: .relaxed).oldValue
        if index >= count { return }
        body(index)
      }
    }.join()
  }
}

private final class SharedCounter: Sendable {
  let value = Atomic(0)
}
