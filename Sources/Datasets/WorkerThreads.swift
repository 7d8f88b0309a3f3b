import Foundation
import Synchronization

/// Threads that all run one function; plain POSIX threads, no fork.
final class WorkerThreads: Sendable {
  private let threads = Monitor<[pthread_t]>([])

  /// Starts up to `count` threads; throws only if not even one can be started.
  init(count: Int, _ body: @escaping @Sendable () -> Void) throws(DatasetError) {
    precondition(count > 0, "\(count) threads")
    var failure: Int32 = 0
    for _ in 0..<count {
      let box = Unmanaged.passRetained(Body(body))
      var thread = pthread_t()
      failure = pthread_create(&thread, nil, runBody, box.toOpaque())
      guard failure == 0 else {
        box.release()
        break
      }
      threads.change { [thread] in $0.append(thread) }
    }
    guard threads.change({ !$0.isEmpty }) else {
      throw DatasetError(
        .system, at: "start of a reader thread", String(cString: strerror(failure)))
    }
  }

  /// Waits until every thread has ended. Not to be called from one of them.
  func join() {
    let ending = threads.change { threads in
      defer { threads = [] }
      return threads
    }
    for thread in ending { pthread_join(thread, nil) }
  }

  /// Runs `body` for each index in `0..<count`, in any order, on `threadCount` threads.
  static func forEach(
    _ count: Int, threadCount: Int, _ body: @escaping @Sendable (Int) -> Void
  ) throws(DatasetError) {
    let next = SharedCounter()
    try WorkerThreads(count: max(1, min(threadCount, count))) {
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

private final class Body: Sendable {
  let run: @Sendable () -> Void
  init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}

private func runBody(_ pointer: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  guard let pointer else { return nil }
  Unmanaged<Body>.fromOpaque(pointer).takeRetainedValue().run()
  return nil
}
