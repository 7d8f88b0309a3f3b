import Glibc
import Synchronization

/// The lines of the log in a file of their own, beside the run that they tell of.
///
/// What was said before there is a file waits for one. Only the thread that opened it writes, so that
/// another one, such as that which ends a job whose files hang, waits for nothing: its lines are
/// written with the next line of that thread. Lines that cannot be written are lost, and nothing else.
package final class KeptLog: Sendable {
  private struct State {
    var waiting: [String] = []
    var writer: pthread_t?
  }

  /// Lines that wait at most; older ones leave.
  private static let mostWaiting = 1000

  private let state = Mutex(State())
  /// The writer's alone.
  nonisolated(unsafe) private var file: LineFile?

  /// A log without a file.
  package init() {}

  /// Goes on with the file `path`, or makes it, and writes what waits. The calling thread becomes the one
  /// that writes.
  ///
  /// - Parameters:
  ///   - path: the file.
  ///   - heading: a line before those that wait.
  ///   - files: what writes.
  ///   - warn: told when the file is another one meanwhile; what it adds comes before the next line.
  /// - Throws: `FileError` if there is none to write to.
  package func open(
    _ path: String, heading: String, files: FileStore = FileStore(),
    warn: @escaping (String) -> Void = { _ in }
  ) throws(FileError) {
    file = try LineFile(path, files: files, warn: warn)
    state.withLock { state in
      state.waiting.insert(heading, at: 0)
      state.writer = pthread_self()
    }
    write()
  }

  /// Adds a line.
  package func add(_ line: String) {
    let isWriter = state.withLock { state in
      state.waiting.append(line)
      if state.waiting.count > Self.mostWaiting { state.waiting.removeFirst() }
      return state.writer.map { pthread_equal($0, pthread_self()) != 0 } ?? false
    }
    if isWriter { write() }
  }

  private func write() {
    let lines = state.withLock { state in
      defer { state.waiting = [] }
      return state.waiting
    }
    for line in lines { file?.append(line.utf8) }
  }
}
