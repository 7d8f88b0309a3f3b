import Glibc

/// What processors have given to a process, and how long it has stood ready for one.
package struct ProcessorTime: Equatable, Sendable {
  /// Seconds of all threads on processors.
  package var used = 0.0
  /// Seconds in which a thread was ready and got no processor.
  package var waited = 0.0

  /// Times of a process.
  package init(used: Double = 0, waited: Double = 0) {
    self.used = used
    self.waited = waited
  }

  /// What was added since an earlier time.
  package func since(_ earlier: ProcessorTime) -> ProcessorTime {
    ProcessorTime(used: used - earlier.used, waited: waited - earlier.waited)
  }
}

/// Measures the processor time of this process, look by look.
package struct ProcessorMeter {
  /// Since the first look; nothing is known to have been waited for where the kernel does not tell.
  package private(set) var time = ProcessorTime()
  private let files: HostFiles
  /// Nanoseconds that each thread had waited at the last look, by its number.
  private var waited: [String: Int]?

  /// A meter that has not looked.
  ///
  /// - Parameter files: where the kernel tells of it.
  package init(files: HostFiles = HostFiles()) { self.files = files }

  /// Looks, a few times a second. Of the threads, the one that waited longest since the last look counts.
  ///
  /// - Parameter threads: numbers of those that do not count.
  package mutating func look(without threads: Set<String> = []) {
    let tasks = "/proc/self/task"
    var now: [String: Int] = [:]
    for thread in files.names(tasks) where !thread.hasPrefix(".") && !threads.contains(thread) {
      // Nanoseconds on a processor, nanoseconds in the queue for one, turns.
      let words = files.text("\(tasks)/\(thread)/schedstat")?.split(separator: " ") ?? []
      now[thread] = words.count > 1 ? Int(words[1]) : nil
    }
    let longest = now.map { thread, nanoseconds in
      nanoseconds - (waited?[thread] ?? nanoseconds)
    }.max()
    time.waited += Double(max(longest ?? 0, 0)) / 1e9
    waited = now
    var used = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used)
    time.used = Double(used.tv_sec) + Double(used.tv_nsec) / 1e9
  }
}

extension Threads {
  /// The number of the calling thread, as below `/proc/self/task`; nil without `/proc`.
  package static var currentNumber: String? {
    var path = [CChar](repeating: 0, count: 64)
    let count = readlink("/proc/thread-self", &path, path.count)
    // PID/task/NUMBER
    guard count > 0 else { return nil }
    return String(decoding: path[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
      .split(separator: "/").last.map(String.init)
  }
}
