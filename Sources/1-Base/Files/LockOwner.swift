import Glibc
import Host

/// The process that a file names which stands for a lock.
package struct LockOwner: Sendable, Equatable {
  /// The host's name.
  package var host: String
  /// What the host was installed as; empty if it does not say.
  package var machine: String
  /// The start of the host's system.
  package var boot: String
  /// The container: numbers of processes mean something only inside it.
  package var container: String
  /// The process's number.
  package var process: Int32
  /// When it started, in the system's ticks; 0 if the system does not say.
  package var start: UInt64
  /// Whether it holds the system's lock too: whoever gets that one knows that this process is dead.
  package var holdsLock = false

  /// A process with all that tells it from others.
  package init(
    host: String, machine: String, boot: String, container: String, process: Int32, start: UInt64
  ) {
    self.host = host
    self.machine = machine
    self.boot = boot
    self.container = container
    self.process = process
    self.start = start
  }

  /// This process.
  package static var current: LockOwner {
    var name = [CChar](repeating: 0, count: 256)
    _ = gethostname(&name, name.count - 1)
    var container = [CChar](repeating: 0, count: 256)
    _ = readlink("/proc/self/ns/pid", &container, container.count - 1)
    let process = getpid()
    var start: UInt64 = 0
    if case .started(let ticks) = ProcessLife(of: process) { start = ticks }
    return LockOwner(
      host: terminated(name), machine: systemText("/etc/machine-id"),
      boot: systemText("/proc/sys/kernel/random/boot_id"), container: terminated(container),
      process: process, start: start)
  }

  /// What the lock file holds.
  package var text: String {
    """
    host \(oneLine(host))
    machine \(machine)
    boot \(boot)
    container \(container)
    process \(process)
    start \(start)

    """ + (holdsLock ? Self.lockLine : "")
  }

  private static let lockLine = "lock flock\n"

  /// Reads what a lock file holds; nil if that is no text of this form.
  package init?(_ text: String) {
    var values: [Substring: String] = [:]
    for line in text.split(separator: "\n") {
      guard let space = line.firstIndex(of: " ") else { return nil }
      values[line[..<space]] = String(line[line.index(after: space)...])
    }
    guard let host = values["host"], let machine = values["machine"], let boot = values["boot"],
      let container = values["container"], let process = values["process"].flatMap({ Int32($0) }),
      let start = values["start"].flatMap({ UInt64($0) })
    else { return nil }
    self.init(
      host: host, machine: machine, boot: boot, container: container, process: process,
      start: start)
    holdsLock = values["lock"] == "flock"
  }

  /// What is known about an owner.
  package enum State: Sendable { case alive, dead, unknown }

  /// Whether this owner still lives, as far as a process, which is another one, can tell.
  package func state(seenBy own: LockOwner, _ life: (Int32) -> ProcessLife) -> State {
    if holdsLock && own.holdsLock { return .dead }
    guard oneLine(host) == oneLine(own.host) else { return .unknown }
    guard boot == own.boot else {
      // The host was started anew since; unless two hosts have one name.
      return !machine.isEmpty && machine == own.machine ? .dead : .unknown
    }
    guard container == own.container else { return .unknown }
    switch life(process) {
    case .gone: return .dead
    case .hidden: return .alive
    case .started(let ticks): return start == 0 || ticks == start ? .alive : .dead
    }
  }
}

/// What the system tells about a process of this host.
package enum ProcessLife: Sendable, Equatable {
  /// There is none of this number.
  case gone
  /// There is one; more is not told.
  case hidden
  /// There is one, which started at this time, in ticks since the system's start.
  case started(UInt64)

  /// Looks for the process of a number.
  package init(of process: Int32) {
    if kill(process, 0) == -1, errno == ESRCH {
      self = .gone
      return
    }
    // The name, in parentheses, may hold anything; the 20th field behind it is the start.
    let status = systemText("/proc/\(process)/stat")
    let fields = status.lastIndex(of: ")").map {
      status[status.index(after: $0)...].split(separator: " ")
    }
    self = fields.flatMap { $0.count > 19 ? UInt64($0[19]) : nil }.map { .started($0) } ?? .hidden
  }
}

/// The characters before the first 0.
private func terminated(_ characters: [CChar]) -> String {
  String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

/// The first line of a file that the system provides; empty if there is none.
private func systemText(_ path: String) -> String {
  HostFiles().text(path).map { String($0.prefix { $0 != "\n" }) } ?? ""
}
