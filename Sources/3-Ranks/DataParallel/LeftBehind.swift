import Foundation
import Host

/// What MPI jobs of this user left on this host when they died: shared memory and session folders.
///
/// A killed job removes nothing, and Open MPI looks only for its own: a crash may cost 4 MiB of
/// `/dev/shm` a rank, of which a container has 64. `launch/lib.d/left-behind.sh` does the same before
/// a start, with the same names.
package struct LeftBehind {
  private let memory: String
  private let folders: [String]
  private let shared: String
  private let sessions: [String]

  /// Where Open MPI puts files on this host; other places and another host for tests.
  package init(
    memory: String = "/dev/shm", folders: [String]? = nil, host: String = HostName.current
  ) {
    self.memory = memory
    let own = ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp"
    self.folders = folders ?? (own == "/tmp" ? [own] : [own, "/tmp"])
    // As Open MPI calls the host: its name, or the part before the first dot.
    let names = [host, String(host.prefix { $0 != "." })].map(NSRegularExpression.escapedPattern)
    let host = "(?:\(names.joined(separator: "|")))"
    let user = geteuid()
    shared = "(?:vader_segment|sm_segment|osc_rdma|osc_sm)\\.\(host)\\..+"
    // Open MPI 4, then the shapes of Open MPI 5 and later. The group is the owner's number.
    sessions =
      [
        "ompi\\.\(host)\\.\(user)/pid\\.([0-9]+)",
        "ompi\\.\(host)\\.\(user)/jf\\.[1-9][0-9]*",
        "prte\\.\(host)\\.\(user)/dvm\\.([0-9]+)",
        "(?:prterun|prted|prte|ompi)\\.\(host)\\.([0-9]+)\\.\(user)",
        "(?:prterun|prted)\\.\(host)\\.([0-9]+)",
        "pmix-gds-shmem.*\\.\(host)-.*[^0-9]([0-9]+)",
      ]
      // Without the host's name: it may be another host's where a folder is shared with a container.
      + (Self.seesAllProcesses ? ["(?:ompi|prterun|prted)\\.([0-9]+)"] : [])
  }

  /// Removes it, as far as this user may.
  package func clear() {
    for path in paths { try? FileManager.default.removeItem(atPath: path) }
  }

  /// The files and folders of dead jobs.
  ///
  /// Nothing counts that a process has mapped or open, and no folder whose mpirun or daemon lives. The
  /// list is made before anybody is asked what he uses, so a job that starts meanwhile is not in it.
  package var paths: [String] {
    guard Self.seesAllProcesses || !Self.sharesMemory else { return [] }
    // In the usual case there are only this job's own, which this process has mapped.
    var found = candidates
    for processes in [["self"], Self.names("/proc").filter { Int($0) != nil }] where !found.isEmpty
    {
      let used = Self.used(by: processes)
      found = found.filter { !used.contains($0.mark) }
    }
    return found.filter { !Self.isLauncher($0.owner) }.map(\.path)
  }

  private struct Candidate {
    let path: String
    /// The part of the path that tells it from others, in whatever way a process has reached it.
    let mark: String
    /// The number of the mpirun or daemon that made it, where the name holds it.
    var owner: String?
  }

  private var candidates: [Candidate] {
    var found: [Candidate] = []
    for name in Self.names(memory) where Self.match(name, shared) != nil {
      let path = memory + "/" + name
      if Self.isOwn(path, S_IFREG) { found.append(Candidate(path: path, mark: name)) }
    }
    for folder in folders {
      for top in Self.names(folder) where Self.mayBeSession(top) {
        let below = Self.isOwn(folder + "/" + top, S_IFDIR) ? Self.names(folder + "/" + top) : []
        for name in [top] + below.map({ top + "/" + $0 }) {
          guard let groups = sessions.lazy.compactMap({ Self.match(name, $0) }).first,
            Self.isOwn(folder + "/" + name)
          else { continue }
          let candidate = Candidate(path: folder + "/" + name, mark: name, owner: groups.first)
          // A daemon's folder without its number: one that is being made has nothing open yet.
          if candidate.owner != nil || Self.age(candidate.path) >= 60 { found.append(candidate) }
        }
      }
    }
    return found
  }

  private static func mayBeSession(_ name: String) -> Bool {
    ["ompi", "prte", "pmix-gds-shmem"].contains { name.hasPrefix($0) }
  }

  /// Parts of all paths that these processes have mapped or open: one name, or two.
  private static func used(by processes: [String]) -> Set<String> {
    var paths: Set<Substring> = []
    for process in processes {
      let folder = "/proc/" + process
      for line in text(folder + "/maps").split(separator: "\n") {
        if let slash = line.firstIndex(of: "/") { paths.insert(line[slash...]) }
      }
      for descriptor in names(folder + "/fd") {
        let target = try? FileManager.default.destinationOfSymbolicLink(
          atPath: folder + "/fd/" + descriptor)
        if let target, target.hasPrefix("/") { paths.insert(Substring(target)) }
      }
    }
    var parts: Set<String> = []
    for path in paths {
      let names = path.split(separator: "/")
      for (index, name) in names.enumerated() {
        parts.insert(String(name))
        if index > 0 { parts.insert(names[index - 1] + "/" + name) }
      }
    }
    return parts
  }

  /// Whether the process runs a launcher or daemon; a number may be used again by another program.
  private static func isLauncher(_ process: String?) -> Bool {
    guard let process else { return false }
    let name = text("/proc/\(process)/comm").prefix { $0 != "\n" }
    return match(String(name), ".*mpi.*|orte.*|prte.*|.*run") != nil
  }

  /// All of a file of the kernel's; empty if this user may not read it.
  private static func text(_ path: String) -> String { HostFiles().text(path) ?? "" }

  /// The groups of the text if it matches as a whole.
  private static func match(_ text: String, _ pattern: String) -> [String]? {
    guard let groups = try? Regex(pattern).wholeMatch(in: text)?.output else { return nil }
    return groups.dropFirst().compactMap { $0.substring.map(String.init) }
  }

  private static func names(_ folder: String) -> [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
  }

  /// Whether the path itself, not what a link leads to, is this user's; and of the kind, if one is given.
  private static func isOwn(_ path: String, _ kind: mode_t? = nil) -> Bool {
    var status = stat()
    guard lstat(path, &status) == 0, status.st_uid == geteuid() else { return false }
    let found = status.st_mode & S_IFMT
    return kind.map { $0 == found } ?? (found != S_IFLNK)
  }

  private static func age(_ path: String) -> Int {
    var status = stat()
    return lstat(path, &status) == 0 ? time(nil) - status.st_mtim.tv_sec : 0
  }

  /// Whether no process of the machine is hidden: the kernel's number of the first such namespace.
  private static var seesAllProcesses: Bool { isFirst("pid", "4026531836") }

  /// Whether this is a container that shares the machine's memory, but does not see who uses it.
  private static var sharesMemory: Bool { isFirst("ipc", "4026531839") }

  private static func isFirst(_ kind: String, _ number: String) -> Bool {
    let path = "/proc/self/ns/" + kind
    return (try? FileManager.default.destinationOfSymbolicLink(atPath: path))
      == "\(kind):[\(number)]"
  }
}
