import MPI

/// How long a job may go without any progress.
package struct WatchLimits: Equatable, Sendable {
  /// Seconds that the user wishes for a step; 0 follows the median.
  package let wish: Double
  /// No limit is lower: on several hosts Open MPI must be the first to end a job whose cable is cut,
  /// since it then also ends what is left on the other side.
  package let floor: Double

  /// The least limit of a step that follows the median.
  package static let leastSeconds = 60.0
  /// How many medians a step may take.
  package static let medians = 5.0
  /// How many times a step's limit other work may take, while its own median is unknown or smaller.
  package static let otherWork = 10.0

  /// Limits with a wish (0: none) and a floor, in seconds.
  package init(wish: Double, floor: Double) {
    self.wish = wish
    self.floor = floor
  }

  /// Limits of a job on a number of hosts.
  ///
  /// - Parameters:
  ///   - wish: 0 follows the median.
  ///   - hostCount: hosts of the job.
  ///   - environment: where Open MPI's keepalive is set.
  package init(wish: Double, hostCount: Int, environment: [String: String]) {
    let margin = 10.0
    self.init(
      wish: wish,
      floor: hostCount > 1 ? KeepAlive(environment: environment).seconds + margin : 0)
  }

  /// Seconds without progress after which a job is given up.
  ///
  /// - Parameters:
  ///   - work: what the process does.
  ///   - median: usual seconds of a kind of work, nil while unknown.
  package func seconds(
    _ work: Heartbeat.Work, median: (Heartbeat.Work) -> Double?
  ) -> Double {
    let usual = Self.medians * (median(.step) ?? 0)
    let step = max(wish > 0 ? wish : max(Self.leastSeconds, usual), floor)
    guard work != .step else { return step }
    return max(Self.otherWork * step, Self.medians * (median(work) ?? 0))
  }
}

/// When Open MPI takes a silent connection between its daemons for lost.
package struct KeepAlive: Equatable, Sendable {
  /// Seconds of silence before the first question.
  package let time: Int
  /// Seconds between questions.
  package let interval: Int
  /// Questions without an answer.
  package let probes: Int

  /// Seconds from a cut cable to the end of the job.
  package var seconds: Double { Double(time + interval * probes) }

  /// Reads Open MPI's settings; its own defaults are 300, 20 and 9.
  ///
  /// A rank does not know which of PRRTE's names its launcher reads: the larger number counts.
  ///
  /// - Parameters:
  ///   - environment: the variables.
  ///   - hasPRRTE: whether the launcher is PRRTE, as since Open MPI 5.
  package init(environment: [String: String], hasPRRTE: Bool = World.hasPRRTE) {
    let names =
      hasPRRTE
      ? ["PRTE_MCA_oob_tcp_keepalive_", "PRTE_MCA_prte_keepalive_"]
      : ["OMPI_MCA_oob_tcp_keepalive_"]
    func number(_ name: String, _ standard: Int) -> Int {
      names.map { environment[$0 + name].flatMap { Int($0) } ?? standard }.max() ?? standard
    }
    time = number("time", 300)
    interval = number("intvl", 20)
    probes = number("probes", 9)
  }
}
