import DataParallel
import Foundation
import MPI
import Recipes

extension RunCheck {
  /// MPI, where this rank may run, how hosts talk, and how a job ends. Rank 0's view.
  mutating func checkWaysOut(hostCount: Int) {
    let environment = ProcessInfo.processInfo.environment
    let settings = MPISettings(environment)
    report.note("MPI", "\(World.libraryVersion); threads: \(coordinator.world.threadLevel)")
    let cores = ProcessStatus.allowedCores.map { "cores \($0)" } ?? "cores unknown"
    let ranks = coordinator.world.localWorldSize
    report.note(
      "binding",
      "rank 0 may use \(cores), and this host has \(ranks) rank\(ranks == 1 ? "" : "s"); waiting ranks "
        + "\(settings["mpi_yield_when_idle"] == "1" ? "leave" : "keep") their core")
    let keepAlive = KeepAlive(environment: environment)
    let network = settings["btl_tcp_if_include"] ?? "any that Open MPI finds"
    report.note(
      "network",
      hostCount == 1
        ? "one host: shared memory"
        : "TCP over \(network); a cut cable ends the job after \(Int(keepAlive.seconds)) s")
    if hostCount > 1, keepAlive.seconds > 60 {
      report.warn(
        "network: a lost host is noticed after \(Int(keepAlive.seconds)) s only; start with "
          + "launch/hosts, whose settings notice it after 10 s")
    }
    if hostCount > 1, settings["btl_tcp_if_include"] == nil {
      report.warn(
        "network: no interface is named; where hosts have several, NETWORK=10.0.0.0/24 of "
          + "launch/hosts names theirs")
    }
    let limits = WatchLimits(
      wish: recipe.train.watchdogSeconds, hostCount: hostCount, environment: environment)
    let step = Int(limits.seconds(.step) { _ in nil })
    let other = Int(limits.seconds(.start) { _ in nil })
    // mpirun of Open MPI 5.0 has no code of its own for it; the scripts have.
    let lost = World.hasPRRTE ? "205 by launch/hosts, by mpirun alone 0" : "205"
    report.note(
      "ways out",
      "no progress for \(step) s (\(other) s at the start, validating, saving): exit code 76; "
        + "SIGUSR1 or SIGTERM: saves, 75; a rank killed: 137; a host lost: \(lost)")
  }
}

/// Open MPI's settings in the environment, by their own names.
private struct MPISettings {
  private let environment: [String: String]

  init(_ environment: [String: String]) { self.environment = environment }

  subscript(name: String) -> String? { environment["OMPI_MCA_" + name] }
}

/// What the kernel says of this process.
private enum ProcessStatus {
  /// The cores that it may use, such as `0-3,8`.
  static var allowedCores: String? {
    let key = "Cpus_allowed_list:"
    let text = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    return text?.split(separator: "\n").first { $0.hasPrefix(key) }
      .map { $0.dropFirst(key.count).trimmingCharacters(in: .whitespaces) }
  }
}
