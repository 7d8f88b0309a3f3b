import Dispatch

/// A clock that nobody sets: it stands still while the machine sleeps.
package enum MonotonicClock {
  /// Seconds since some moment in the past.
  package static var seconds: Double { Double(DispatchTime.now().uptimeNanoseconds) / 1e9 }
}

/// Time that its owner was there to see.
///
/// A process that was stopped and goes on must not take its own absence for that of others: a gap
/// between two looks counts as `longestGap` at most.
package struct WitnessedTime {
  /// Seconds since the start.
  package private(set) var seconds = 0.0
  private var last: Double
  private static let longestGap = 1.0

  /// Begins at zero.
  package init(now: Double) { last = now }

  /// Looks at the clock.
  package mutating func look(now: Double) {
    seconds += min(max(now - last, 0), Self.longestGap)
    last = now
  }
}
