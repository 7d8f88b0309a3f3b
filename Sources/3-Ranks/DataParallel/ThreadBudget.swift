import Files
import Foundation
import Host
import MPI

/// How many threads a rank computes with.
package struct ThreadBudget: Equatable, Sendable, CustomStringConvertible {
  /// Where the number comes from.
  package enum Source: Equatable, Sendable {
    /// The user's OMP_NUM_THREADS.
    case environment
    /// This rank's share of the cores that it may run on.
    case cores(usable: Int, localWorldSize: Int)
    /// This rank's share of the processor time that a container grants, in cores.
    case quota(cores: Double, localWorldSize: Int)
  }

  /// Threads for this rank, at least 1.
  package let threadCount: Int
  /// Where the number comes from.
  package let source: Source
  /// The user's wish, if it is more than `most(cores:)` and so left out.
  package let excess: Int?
  /// Why this rank has fewer cores than its share of what its launcher has; nil if it has not.
  package let bindingWarning: String?

  /// A rank's threads: the user's wish, or its share of the cores. Collective over the host.
  ///
  /// Cores in the affinity masks of several ranks are shared by them; ranks that a launcher bound
  /// to cores of their own keep all of those.
  ///
  /// - Parameter local: the ranks on this host.
  package init(local: Communicator) throws(MPIError) {
    let masks = try local.allgatherv(ThreadBudget.affinityMask())
    self.init(
      masks: masks, localRank: local.rank,
      wish: ProcessInfo.processInfo.environment["OMP_NUM_THREADS"],
      quota: ControlGroups().processorTime?.cores, most: ThreadBudget.most,
      launcher: HostFiles().text("/proc/\(getppid())/status").flatMap(ThreadBudget.mask))
  }

  /// The most threads that a rank of this host may compute with.
  package static var most: Int { most(cores: Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }

  /// The most threads that a rank may compute with on a host of so many cores. More of them only wait
  /// for each other: with 64 threads on two cores a step takes seven times as long, and with 1024 a
  /// run does not come to its first one for minutes.
  package static func most(cores: Int) -> Int { max(4 * cores, 16) }

  /// As `init(local:)`, from facts that are known already.
  ///
  /// - Parameters:
  ///   - masks: the affinity mask of each rank on the host, 8 cores in a byte.
  ///   - localRank: whose budget.
  ///   - wish: OMP_NUM_THREADS; a list for nested levels counts by its first number.
  ///   - quota: processor time that the ranks on the host share, in cores; nil is no limit.
  ///   - most: a wish for more threads than this is none.
  ///   - launcher: the mask of the process that started this one, which knows what the host grants; nil
  ///     if it is not known.
  package init(
    masks: [[UInt8]], localRank: Int, wish: String?, quota: Double? = nil, most: Int = .max,
    launcher: [UInt8]? = nil
  ) {
    bindingWarning = Self.bindingWarning(masks, localRank: localRank, launcher: launcher)
    let first = wish?.split(separator: ",").first?.trimmingCharacters(in: .whitespaces)
    let count = first.flatMap { Int($0) } ?? 0
    excess = count > most ? count : nil
    if (1...most).contains(count) {
      threadCount = count
      source = .environment
      return
    }
    let all = masks.map(ThreadBudget.cores(in:))
    var users: [Int: Int] = [:]
    for core in all.joined() { users[core, default: 0] += 1 }
    let mine = all[localRank]
    let share = mine.reduce(0.0) { $0 + 1 / Double(users[$1] ?? 1) }
    let granted = quota.map { $0 / Double(masks.count) } ?? .infinity
    // A little more, so that three thirds of a core are one.
    threadCount = max(1, Int(min(share, granted) + 1e-6))
    if let quota, granted < share {
      source = .quota(cores: quota, localWorldSize: masks.count)
    } else {
      source = .cores(usable: mine.count, localWorldSize: masks.count)
    }
  }

  /// A launcher that binds ranks without being asked, as mpirun does, may leave cores unused.
  private static func bindingWarning(
    _ masks: [[UInt8]], localRank: Int, launcher: [UInt8]?
  ) -> String? {
    guard let granted = launcher.map({ cores(in: $0).count }) else { return nil }
    let mine = cores(in: masks[localRank]).count
    let share = granted / masks.count
    guard mine < share else { return nil }
    return
      "binding: found that rank \(localRank) of this host may use \(mine) of \(granted) cores; "
      + "expected its share among \(counted(masks.count, "rank")), \(share); "
      + "start with launch/local or mpirun --bind-to none"
  }

  /// Where the number comes from, in a few words: `2 cores`.
  package var reason: String {
    func among(_ ranks: Int) -> String { ranks > 1 ? ", \(ranks) ranks on the host" : "" }
    switch source {
    case .environment: return "OMP_NUM_THREADS"
    case .cores(let usable, let localWorldSize):
      return counted(usable, "core") + among(localWorldSize)
    case .quota(let cores, let localWorldSize):
      return "the container's limit of \(cores) cores" + among(localWorldSize)
    }
  }

  /// One line for the log.
  package var description: String { "\(counted(threadCount, "thread")) a rank (\(reason))" }

  /// The cores that this process may run on, 8 in a byte.
  static func affinityMask() -> [UInt8] {
    if let status = HostFiles().text("/proc/self/status"), let mask = mask(inStatus: status) {
      return mask
    }
    // No /proc: the kernel's count, as if they were the first cores.
    let count = ProcessInfo.processInfo.activeProcessorCount
    return (0..<((count + 7) / 8)).map { UInt8((1 << min(8, count - $0 * 8)) - 1) }
  }

  /// The mask in the text of /proc/PID/status: `Cpus_allowed:` and words of 32 cores in hexadecimal
  /// digits, the highest first.
  ///
  /// - Returns: 8 cores in a byte, the lowest first; nil if there is none.
  package static func mask(inStatus status: String) -> [UInt8]? {
    guard let words = ProcessStatus(text: status)["Cpus_allowed"]?.split(separator: ",") else {
      return nil
    }
    var mask: [UInt8] = []
    for word in words.reversed() {
      guard let value = UInt32(word, radix: 16) else { return nil }
      for byte in 0..<4 { mask.append(UInt8(truncatingIfNeeded: value >> (8 * byte))) }
    }
    return mask.isEmpty ? nil : mask
  }

  private static func cores(in mask: [UInt8]) -> [Int] {
    mask.indices.flatMap { byte in
      (0..<8).filter { mask[byte] & (1 << $0) != 0 }.map { byte * 8 + $0 }
    }
  }
}
