import Dispatch
import Glibc
import Synchronization

/// Threads that do nothing: started to see whether the system gives as many, and kept until `end`.
///
/// Nothing but the kernel knows all limits: a container hides what other containers of this user have.
package final class ThreadProbe: Sendable {
  /// How many of the threads were given.
  package var count: Int { threads.count }
  /// Why the first thread that the system did not give was not given; nil if it gave all.
  package let failure: ThreadError?
  private let threads: [StartedThread]
  private let life = Life()

  private final class Life: Sendable {
    let isOver = DispatchSemaphore(value: 0)
    /// Where the kernel tells of the threads that have run.
    let places = Mutex<[String]>([])
  }

  /// Starts up to `wanted` threads, and stops at the first one that the system does not give.
  package init(_ wanted: Int) {
    var threads: [StartedThread] = []
    var failure: ThreadError?
    do throws(ThreadError) {
      while threads.count < wanted {
        let thread = try Threads.start("rdd-probe") { [life] in
          let place = Self.place
          life.places.withLock { $0.append(place) }
          life.isOver.wait()
        }
        threads.append(thread)
      }
    } catch {
      failure = error
    }
    self.threads = threads
    self.failure = failure
  }

  /// Ends the threads, and waits until the kernel does not count them any more. Once.
  package func end() {
    for _ in threads { life.isOver.signal() }
    for thread in threads { thread.join() }
    // A thread counts a moment longer than somebody waits for its end.
    let places = life.places.withLock { $0 }
    var looks = 1000
    while looks > 0, places.contains(where: { access($0, F_OK) == 0 }) {
      usleep(1000)
      looks -= 1
    }
  }

  /// The folder of the thread that asks, such as `/proc/12/task/13`; of none without /proc.
  private static var place: String {
    var target = [CChar](repeating: 0, count: 64)
    let count = readlink("/proc/thread-self", &target, target.count)
    guard count > 0 else { return "" }
    return "/proc/"
      + String(decoding: target[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
