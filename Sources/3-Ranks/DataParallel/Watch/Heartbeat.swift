import Synchronization

/// Where a process is in its work: written by the loop, read by the watchdog.
///
/// Every change counts as a sign of progress. Any thread may call it.
package final class Heartbeat: Sendable {
  /// Kinds of work, each with a usual duration of its own.
  package enum Work: UInt8, CaseIterable, Sendable {
    /// Reading data and networks.
    case start
    /// The first iteration, which also prepares operators.
    case firstStep
    /// Any other iteration.
    case step
    /// Measuring on the validation images.
    case validation
    /// Writing weights.
    case saving
  }

  /// Where a process is in its work.
  package struct Place: Equatable, Sendable {
    /// The kind of work.
    package var work = Work.start
    /// The part of that work, in a few words.
    package var phase = "start"
    /// The iteration; 0 before the first one.
    package var iteration = 0
    /// Signs of progress so far.
    package var beats: UInt64 = 0
    /// Whether it waits for other ranks, and so holds nobody up.
    package var isWaiting = false

    /// The start of a process.
    package init() {}
  }

  private struct State {
    var place = Place()
    var begun: Double?
    var durations: [Work: RunningMedian] = [:]
  }

  /// The heartbeat of this process.
  package static let process = Heartbeat()

  private let state = Mutex(State())

  /// A heartbeat at the start.
  package init() {}

  /// Where the process is.
  package var place: Place { state.withLock { $0.place } }

  /// Begins another kind of work, or the next iteration; the one before has ended.
  ///
  /// - Parameters:
  ///   - work: what begins.
  ///   - phase: its first part.
  ///   - iteration: where in the run.
  ///   - now: seconds of the monotonic clock.
  package func begin(
    _ work: Work, _ phase: String, iteration: Int, now: Double = MonotonicClock.seconds
  ) {
    state.withLock { state in
      if let begun = state.begun {
        state.durations[state.place.work, default: RunningMedian()].add(now - begun)
      }
      state.begun = now
      state.place.work = work
      state.place.phase = phase
      state.place.iteration = iteration
      state.place.beats += 1
    }
  }

  /// Goes on to another part of the same work.
  package func beat(_ phase: String) {
    state.withLock { state in
      state.place.phase = phase
      state.place.beats += 1
    }
  }

  /// Runs a part of the work that ends only when other ranks come to it too.
  package func waiting<Result, Failure: Error>(
    _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    state.withLock { $0.place.isWaiting = true }
    defer { state.withLock { $0.place.isWaiting = false } }
    return try body()
  }

  /// The usual seconds of a kind of work; nil before enough of them have ended.
  ///
  /// - Parameters:
  ///   - work: the kind.
  ///   - least: how many are enough.
  package func median(_ work: Work, of least: Int = 1) -> Double? {
    state.withLock { state in
      state.durations[work].flatMap { $0.count >= least ? $0.value : nil }
    }
  }
}

/// The median of the last few values.
package struct RunningMedian {
  private var values: [Double] = []
  private var next = 0
  private static let capacity = 31

  /// No values yet.
  package init() {}

  /// Adds a value; the oldest one leaves.
  package mutating func add(_ value: Double) {
    if values.count < Self.capacity {
      values.append(value)
    } else {
      values[next] = value
      next = (next + 1) % Self.capacity
    }
  }

  /// How many values there are, of the last few.
  package var count: Int { values.count }

  /// The median; nil of no values.
  package var value: Double? { values.isEmpty ? nil : values.sorted()[values.count / 2] }
}
