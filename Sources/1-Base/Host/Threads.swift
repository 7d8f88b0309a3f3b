import Dispatch
import Glibc
import Synchronization

/// The system gave no thread. The exit code is 69.
package struct ThreadError: Error, Equatable, Sendable, CustomStringConvertible {
  /// EX_UNAVAILABLE of sysexits.h.
  package static let exitCode: Int32 = 69

  /// The thread's name.
  package let name: String
  /// What the system said.
  package let reason: String

  /// One line.
  package var description: String {
    "threads: \(name): found that none starts (\(reason)); expected one more; lower train.threads or "
      + "data.loader_threads, or raise ulimit -u or the container's pids.max"
  }
}

/// A thread that runs, or has run. It is not joined when nobody asks for it.
package final class StartedThread: Sendable {
  private let handle: pthread_t
  private let isJoined = Atomic(false)

  fileprivate init(_ handle: pthread_t) { self.handle = handle }

  deinit {
    if !isJoined.load(ordering: .acquiring) { pthread_detach(handle) }
  }

  /// Waits until it has ended. Not to be called from the thread itself; further calls do nothing.
  package func join() {
    if !isJoined.exchange(true, ordering: .acquiringAndReleasing) { pthread_join(handle, nil) }
  }
}

/// Plain POSIX threads, each of which starts or is an error. Foundation's `Thread` fails without a word.
package enum Threads {
  /// Ends the job because of a thread; it never returns.
  package typealias FailureHandler = @Sendable (ThreadError) -> Never

  /// What `startOrEnd` does if a thread does not start. The default stops this process. Set once at
  /// start, before other threads run.
  nonisolated(unsafe) package static var onFailure: FailureHandler = { error in
    fatalError(error.description)
  }

  /// Looks at whether a thread runs, and the milliseconds of each: together half a minute that this
  /// process was there to see. One that was stopped meanwhile has more.
  private static let looks = 300
  private static let lookMilliseconds = 100

  /// Starts a thread.
  ///
  /// - Parameters:
  ///   - name: what the kernel calls it, as far as it fits into 15 characters.
  ///   - stackBytes: its stack; nil for the system's default.
  ///   - isProven: whether to return only when it runs, which takes a moment where cores are busy.
  ///   - body: its life.
  /// - Throws: if the system gives no thread, or one that is to be proven no processor for half a minute.
  @discardableResult
  package static func start(
    _ name: String, stackBytes: Int? = nil, isProven: Bool = false,
    _ body: @escaping @Sendable () -> Void
  ) throws(ThreadError) -> StartedThread {
    guard isProven else { return try create(name, stackBytes, body) }
    let runs = DispatchSemaphore(value: 0)
    let thread = try create(name, stackBytes) {
      runs.signal()
      body()
    }
    for _ in 0..<looks
    where runs.wait(timeout: .now() + .milliseconds(lookMilliseconds)) == .success {
      return thread
    }
    throw ThreadError(name: name, reason: "it does not run")
  }

  /// As `start`, where no caller can go on without the thread: a failure goes to `onFailure`.
  @discardableResult
  package static func startOrEnd(
    _ name: String, stackBytes: Int? = nil, _ body: @escaping @Sendable () -> Void
  ) -> StartedThread {
    do throws(ThreadError) {
      return try start(name, stackBytes: stackBytes, body)
    } catch {
      onFailure(error)
    }
  }

  private static func create(
    _ name: String, _ stackBytes: Int?, _ body: @escaping @Sendable () -> Void
  ) throws(ThreadError) -> StartedThread {
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    if let stackBytes { pthread_attr_setstacksize(&attributes, stackBytes) }
    let life = Unmanaged.passRetained(Life(name, body))
    var handle = pthread_t()
    let failure = pthread_create(&handle, &attributes, live, life.toOpaque())
    guard failure == 0 else {
      life.release()
      throw ThreadError(name: name, reason: String(cString: strerror(failure)))
    }
    return StartedThread(handle)
  }
}

/// What a thread does, handed over to it.
private final class Life: Sendable {
  let name: String
  let body: @Sendable () -> Void

  init(_ name: String, _ body: @escaping @Sendable () -> Void) {
    self.name = name
    self.body = body
  }
}

private func live(_ pointer: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  guard let pointer else { return nil }
  let life = Unmanaged<Life>.fromOpaque(pointer).takeRetainedValue()
  setName(life.name)
  life.body()
  return nil
}

/// Names this thread for those who look at it from outside.
private func setName(_ name: String) {
  let descriptor = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
  guard descriptor >= 0 else { return }
  let bytes = Array(name.utf8.prefix(15))
  _ = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
  close(descriptor)
}
