import Host
import Synchronization

/// Threads that all run one function.
final class WorkerThreads: Sendable {
  private let threads = Monitor<[StartedThread]>([])

  /// Starts `count` threads.
  ///
  /// - Parameters:
  ///   - count: how many, at least 1.
  ///   - stop: makes those that run come to their end, if one does not start.
  ///   - body: what each of them runs.
  /// - Throws: if the system does not give all of them; none runs then.
  init(
    count: Int, stop: () -> Void, _ body: @escaping @Sendable () -> Void
  ) throws(ThreadError) {
    precondition(count > 0, "\(count) threads")
    do throws(ThreadError) {
      for _ in 0..<count {
        let thread = try Threads.start("rdd-images", body)
        threads.change { $0.append(thread) }
      }
    } catch {
      stop()
      join()
      throw error
    }
  }

  /// Waits until every thread has ended. Not to be called from one of them.
  func join() {
    let ending = threads.change { threads in
      defer { threads = [] }
      return threads
    }
    for thread in ending { thread.join() }
  }

  /// Runs `body` for each index in `0..<count`, in any order, on `threadCount` threads.
  static func forEach(
    _ count: Int, threadCount: Int, _ body: @escaping @Sendable (Int) -> Void
  ) throws(ThreadError) {
    let next = SharedCounter()
    try WorkerThreads(
      count: max(1, min(threadCount, count)), stop: { next.value.store(count, ordering: .relaxed) }
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
