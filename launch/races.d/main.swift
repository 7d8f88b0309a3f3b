// Two threads count in one place: as they please (bare), or by turns, with a Monitor of Host (monitor) or a
// Mutex of Synchronization (mutex), which is held so long that the other one waits. launch/races builds
// this beside the Monitor, and looks at what ThreadSanitizer says of each word.
import Glibc
import Synchronization

final class Counter: @unchecked Sendable {
  let word = CommandLine.arguments.dropFirst().first
  let monitor = Monitor(0)
  let mutex = Mutex(0)
  var count = 0

  func run() {
    for _ in 0..<100 {
      switch word {
      case "monitor": monitor.change(addSlowly)
      case "mutex": mutex.withLock { addSlowly(&$0) }
      default: addSlowly(&count)
      }
    }
  }

  private func addSlowly(_ count: inout Int) {
    count += 1
    usleep(1000)
  }
}

let counter = Counter()
var threads = [pthread_t(), pthread_t()]
for index in threads.indices {
  pthread_create(
    &threads[index], nil,
    { pointer in
      pointer.map { Unmanaged<Counter>.fromOpaque($0).takeUnretainedValue().run() }
      return nil
    }, Unmanaged.passUnretained(counter).toOpaque())
}
for thread in threads { pthread_join(thread, nil) }
