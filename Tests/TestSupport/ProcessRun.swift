import Foundation

/// A program that ran to its end, or until its deadline.
public struct ProcessResult: Sendable, CustomStringConvertible {
  /// The exit status; 128 + signal if a signal ended it.
  public let exitCode: Int32
  /// What it wrote.
  public let standardOutput: String
  /// What it wrote to stderr.
  public let standardError: String
  /// Whether the deadline passed and it was killed.
  public let timedOut: Bool
  /// How long it ran.
  public let seconds: Double

  /// For the message of a failed expectation.
  public var description: String {
    "exit code \(exitCode)\(timedOut ? " (timed out)" : "") after \(seconds) s\n"
      + "stdout: \(standardOutput)\nstderr: \(standardError)"
  }
}

/// A program that runs.
public struct RunningProcess {
  /// Its process.
  public let pid: pid_t
  /// The file of its stderr.
  let log: String

  /// Waits until it has written a text to stderr; whether it did within half a minute.
  public func waitForLog(_ text: String) -> Bool {
    for _ in 0..<6000 {
      if ProcessRun.text(log).contains(text) { return true }
      usleep(5_000)
    }
    return false
  }

  /// Sends it a signal.
  public func send(_ signal: Int32) { kill(pid, signal) }

  /// The processes that it has started, such as the ranks of mpirun.
  public var children: [pid_t] { ProcessRun.children(of: pid) }
}

/// Runs programs under a deadline.
public enum ProcessRun {
  /// Where a stream of a program goes.
  public enum Sink: Sendable {
    /// Into the result.
    case result
    /// To a file or device.
    case path(String)
    /// Nowhere: its descriptor is closed.
    case closed
  }

  /// A program could not be started.
  public struct StartError: Error, CustomStringConvertible {
    /// One line.
    public let description: String
  }

  /// Runs a program in a process group of its own and returns when it has ended.
  ///
  /// When the deadline passes it kills the group and every descendant: mpirun puts each rank in a
  /// group of its own. No signal is ignored or held back in it, whatever this process does.
  ///
  /// - Parameters:
  ///   - program: a path.
  ///   - environment: the whole environment.
  ///   - timeout: in seconds.
  ///   - output: where stdout goes.
  ///   - error: where stderr goes.
  ///   - meanwhile: called once the program has been started.
  public static func run(
    _ program: String, _ arguments: [String], environment: [String: String], timeout: Double,
    output: Sink = .result, error: Sink = .result,
    meanwhile: (RunningProcess) throws -> Void = { _ in }
  ) throws -> ProcessResult {
    try withTemporaryFolder { folder in
      // Files, not pipes: whoever writes much is never held up by who reads.
      let out = folder.appendingPathComponent("stdout").path
      let err = folder.appendingPathComponent("stderr").path
      let begin = DispatchTime.now().uptimeNanoseconds
      let pid = try spawn(
        program, arguments, environment,
        sinks: [(STDOUT_FILENO, output, out), (STDERR_FILENO, error, err)])
      do {
        try meanwhile(RunningProcess(pid: pid, log: err))
      } catch {
        _ = waitFor(pid, begin: begin, timeout: 0)
        throw error
      }
      let (status, timedOut) = waitFor(pid, begin: begin, timeout: timeout)
      return ProcessResult(
        exitCode: exitCode(status), standardOutput: text(out), standardError: text(err),
        timedOut: timedOut, seconds: seconds(since: begin))
    }
  }

  private static func spawn(
    _ program: String, _ arguments: [String], _ environment: [String: String],
    sinks: [(descriptor: Int32, sink: Sink, file: String)]
  ) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    let flags = O_WRONLY | O_CREAT | O_TRUNC
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    for (descriptor, sink, file) in sinks {
      switch sink {
      case .result: posix_spawn_file_actions_addopen(&actions, descriptor, file, flags, 0o600)
      case .path(let path):
        posix_spawn_file_actions_addopen(&actions, descriptor, path, O_WRONLY, 0)
      case .closed: posix_spawn_file_actions_addclose(&actions, descriptor)
      }
    }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    posix_spawnattr_setflags(
      &attributes,
      Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
    posix_spawnattr_setpgroup(&attributes, 0)
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    sigfillset(&signals)
    posix_spawnattr_setsigdefault(&attributes, &signals)

    var argv = ([program] + arguments).map { strdup($0) } + [nil]
    var envp = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for string in argv + envp { free(string) } }
    var pid: pid_t = 0
    let code = posix_spawnp(&pid, program, &actions, &attributes, &argv, &envp)
    guard code == 0 else {
      throw StartError(description: "start: \(program): \(String(cString: strerror(code)))")
    }
    return pid
  }

  private static func waitFor(
    _ pid: pid_t, begin: UInt64, timeout: Double
  ) -> (status: Int32, timedOut: Bool) {
    var status: Int32 = 0
    while waitpid(pid, &status, WNOHANG) == 0 {
      if seconds(since: begin) > timeout {
        let family = descendants(of: pid)
        kill(-pid, SIGKILL)
        for member in family { kill(member, SIGKILL) }
        waitpid(pid, &status, 0)
        return (status, true)
      }
      usleep(5_000)
    }
    return (status, false)
  }

  /// Children, their children and so on, as /proc shows them now.
  private static func descendants(of pid: pid_t) -> [pid_t] {
    var family: [pid_t] = []
    var open = [pid]
    let all = childrenByParent()
    while let parent = open.popLast() {
      let found = all[parent] ?? []
      family += found
      open += found
    }
    return family
  }

  static func children(of pid: pid_t) -> [pid_t] { childrenByParent()[pid] ?? [] }

  private static func childrenByParent() -> [pid_t: [pid_t]] {
    let entries = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    var children: [pid_t: [pid_t]] = [:]
    for process in entries.compactMap({ pid_t($0) }) {
      // pid (name) state ppid ...; the name may hold spaces and brackets.
      let fields = text("/proc/\(process)/stat").split(separator: ")").last?.split(separator: " ")
      if let fields, fields.count > 1, let parent = pid_t(fields[1]) {
        children[parent, default: []].append(process)
      }
    }
    return children
  }

  private static func exitCode(_ status: Int32) -> Int32 {
    let signal = status & 0x7f
    return signal == 0 ? (status >> 8) & 0xff : 128 + signal
  }

  static func text(_ path: String) -> String {
    guard let data = FileManager.default.contents(atPath: path) else { return "" }
    return String(decoding: data, as: UTF8.self)
  }

  private static func seconds(since begin: UInt64) -> Double {
    Double(DispatchTime.now().uptimeNanoseconds - begin) / 1e9
  }
}
