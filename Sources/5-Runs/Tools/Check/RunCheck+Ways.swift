import DataParallel
import Foundation
import Host
import MPI
import Recipes

extension RunCheck {
  /// How hosts talk; for those who ask or have several hosts also MPI, where this rank may run, and how a
  /// job ends. Rank 0's view.
  mutating func checkWaysOut(hostCount: Int) {
    let environment = ProcessInfo.processInfo.environment
    let settings = MPISettings(environment)
    if hostCount > 1 { checkNetwork(settings, environment) }
    guard tellsAll || hostCount > 1 else { return }
    let library = World.libraryVersion.split(separator: ",").first.map(String.init)
    report.note("MPI", library ?? "unknown")
    report.note("MPI threads", "\(coordinator.world.threadLevel)")
    report.note(
      "binding",
      ProcessStatus()["Cpus_allowed_list"].map { "rank 0 may use cores \($0)" } ?? "not known")
    report.note(
      "waiting ranks",
      (settings["mpi_yield_when_idle"] == "1" ? "leave" : "keep") + " their core")
    let limits = WatchLimits(
      wish: recipe.train.watchdogSeconds, hostCount: hostCount, environment: environment)
    let step = Int(limits.seconds(.step) { _ in nil })
    let other = Int(limits.seconds(.start) { _ in nil })
    report.note("no progress", "for \(step) s: exit code 76")
    report.note("  at the start", "\(other) s; as long for validating and saving")
    report.note("asked to stop", "SIGUSR1, SIGTERM, SIGINT: saves, exit code 75")
    report.note("a rank killed", "exit code 137")
    guard hostCount > 1 else { return }
    // mpirun of Open MPI 5.0 has no code of its own for it; the scripts have.
    report.note(
      "a host lost",
      World.hasPRRTE ? "exit code 205 by launch/hosts, by mpirun alone 0" : "exit code 205")
  }

  private mutating func checkNetwork(_ settings: MPISettings, _ environment: [String: String]) {
    let keepAlive = KeepAlive(environment: environment)
    let interfaces = settings["btl_tcp_if_include"]
    report.note("network", "TCP over \(interfaces ?? "any that Open MPI finds")")
    report.note("a cut cable", "ends the job after \(Int(keepAlive.seconds)) s")
    if keepAlive.seconds > 60 {
      report.warn(
        "network: a lost host is noticed after \(Int(keepAlive.seconds)) s only; start with "
          + "launch/hosts, whose settings notice it after 10 s")
    }
    if interfaces == nil {
      report.warn(
        "network: no interface is named; where hosts have several, NETWORK=10.0.0.0/24 of "
          + "launch/hosts names theirs")
    }
  }
}

/// Open MPI's settings in the environment, by their own names.
private struct MPISettings {
  private let environment: [String: String]

  init(_ environment: [String: String]) { self.environment = environment }

  subscript(name: String) -> String? { environment["OMPI_MCA_" + name] }
}
