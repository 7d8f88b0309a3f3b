/// The control groups that hold this process: their limits are those of a container.
///
/// A process has one group in each hierarchy of version 1, which has some controllers, and one in the
/// hierarchy of version 2. The limits of all groups above count too, as far as they can be seen.
/// Source: cgroups(7), proc(5) on `/proc/self/cgroup` and `/proc/self/mountinfo`.
package struct ControlGroups: Sendable {
  private let files: HostFiles
  /// Folders of version 1 by controller, the process's own group first.
  private let folders: [String: [String]]
  /// Folders of version 2, the process's own group first.
  private let unified: [String]

  /// Finds the groups.
  package init(_ files: HostFiles = HostFiles()) {
    self.files = files
    let mounts = Mount.all(in: files.text("/proc/self/mountinfo") ?? "")
    var folders: [String: [String]] = [:]
    var unified: [String] = []
    for line in (files.text("/proc/self/cgroup") ?? "").split(separator: "\n") {
      // Hierarchy, controllers, path: the path may hold colons.
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3 else { continue }
      let path = String(parts[2])
      if parts[0] == "0", parts[1].isEmpty {
        unified = Mount.folders(of: path, mounts.filter { $0.type == "cgroup2" })
        continue
      }
      for controller in parts[1].split(separator: ",") {
        let fitting = mounts.filter {
          $0.type == "cgroup" && $0.options.contains(controller)
        }
        folders[String(controller)] = Mount.folders(of: path, fitting)
      }
    }
    self.folders = folders
    self.unified = unified
  }

  /// The limits that groups set on the number of processes and threads.
  package var threads: [HostLimit] {
    (folders["pids", default: []] + unified).compactMap { folder in
      guard let most = files.number("\(folder)/pids.max"),
        let used = files.number("\(folder)/pids.current")
      else { return nil }
      return HostLimit("\(folder)/pids.max", most: most, used: used)
    }
  }

  /// The limits that groups set on memory, in bytes. Pages of files count as free: they give way.
  package var memory: [HostLimit] {
    let first = folders["memory", default: []].compactMap {
      memory($0, "memory.limit_in_bytes", "memory.usage_in_bytes", "total_")
    }
    return first + unified.compactMap { memory($0, "memory.max", "memory.current", "") }
  }

  private func memory(
    _ folder: String, _ limit: String, _ usage: String, _ prefix: String
  ) -> HostLimit? {
    // Version 1 writes "no limit" as the largest multiple of a page.
    guard let most = files.number("\(folder)/\(limit)"), most < 1 << 62,
      let used = files.number("\(folder)/\(usage)")
    else { return nil }
    let status = files.text("\(folder)/memory.stat") ?? ""
    let pages = ["inactive_file", "active_file"].reduce(0) {
      $0 + (HostFiles.number(prefix + $1, in: status) ?? 0)
    }
    return HostLimit("\(folder)/\(limit)", most: most, used: used - pages)
  }

  /// The least processor time that a group grants, in cores, and the file that says so; nil if none
  /// is limited.
  package var processorTime: (cores: Double, name: String)? {
    let first = folders["cpu", default: []].compactMap { folder -> (cores: Double, name: String)? in
      guard let time = files.number("\(folder)/cpu.cfs_quota_us"), time > 0,
        let period = files.number("\(folder)/cpu.cfs_period_us"), period > 0
      else { return nil }
      return (Double(time) / Double(period), "\(folder)/cpu.cfs_quota_us")
    }
    let second = unified.compactMap { folder -> (cores: Double, name: String)? in
      files.text("\(folder)/cpu.max").flatMap(Self.cores(inText:)).map {
        ($0, "\(folder)/cpu.max")
      }
    }
    return (first + second).min { $0.cores < $1.cores }
  }

  /// The limit in the text of `cpu.max`: microseconds of processor time, or `max`, in so many
  /// microseconds.
  ///
  /// - Returns: in cores; nil if there is none.
  package static func cores(inText text: String) -> Double? {
    let words = text.split(whereSeparator: \.isBlank)
    guard words.count == 2, let time = Double(words[0]), let period = Double(words[1]), time > 0,
      period > 0
    else { return nil }
    return time / period
  }
}

/// A place where a file system is mounted, a line of `/proc/self/mountinfo`.
private struct Mount {
  /// Which folder of the file system is seen there.
  let root: String
  /// Where it is seen.
  let point: String
  /// The kind of file system.
  let type: Substring
  /// The options of the file system, among them controllers of version 1.
  let options: [Substring]

  /// All lines.
  static func all(in text: String) -> [Mount] {
    text.split(separator: "\n").compactMap { line in
      let words = line.split(separator: " ")
      guard let dash = words.firstIndex(of: "-"), dash > 4, words.count > dash + 3 else {
        return nil
      }
      return Mount(
        root: plain(words[3]), point: plain(words[4]), type: words[dash + 1],
        options: words[dash + 3].split(separator: ","))
    }
  }

  /// The folders of a group and of those above it, below the first of these mounts that shows it.
  static func folders(of path: String, _ mounts: [Mount]) -> [String] {
    for mount in mounts {
      guard let below = mount.below(path) else { continue }
      var steps = below.split(separator: "/")
      var folders: [String] = []
      while true {
        folders.append(([mount.point] + steps.map(String.init)).joined(separator: "/"))
        if steps.popLast() == nil { return folders }
      }
    }
    // A container that sees neither its own path nor the way to it sees its group where it is mounted.
    return mounts.first.map { [$0.point] } ?? []
  }

  /// The way from the mount to a group; nil if the group is not below it.
  private func below(_ path: String) -> Substring? {
    guard !path.split(separator: "/").contains("..") else { return nil }
    if root == "/" { return path[...] }
    guard path == root || path.hasPrefix(root + "/") else { return nil }
    return path.dropFirst(root.count)
  }

  /// A path without the octal numbers that stand for blanks and backslashes.
  private static func plain(_ path: Substring) -> String {
    var bytes: [UInt8] = []
    var rest = Array(path.utf8)[...]
    while let byte = rest.popFirst() {
      let digits = rest.prefix(3)
      if byte == UInt8(ascii: "\\"), digits.count == 3,
        let code = UInt8(String(decoding: digits, as: UTF8.self), radix: 8)
      {
        bytes.append(code)
        rest = rest.dropFirst(3)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
