import DataParallel
import Dispatch

/// The parts of a training step, in order.
package enum Phase: String, CaseIterable, Sendable, Codable {
  /// Waiting for decoded and augmented images.
  case data
  /// The teacher's forward pass.
  case teacher
  /// The student's forward pass.
  case student
  /// Difficulty maps, statistics, losses and their gradients.
  case difficulty
  /// The terms of distillation methods, where there are any.
  case methods
  /// The student's backward pass.
  case backward
  /// Waiting for sums of gradients that were not finished when the backward pass ended.
  case communication
  /// The optimiser.
  case update
}

/// Seconds of each phase.
package typealias PhaseTimes = [Phase: Double]

/// When a part of a step was, in nanoseconds of the monotonic clock.
package struct PhaseSpan: Sendable {
  /// The part of the step.
  package let phase: Phase
  /// The iteration whose batch it worked on, from 1.
  package let iteration: Int
  /// When it began.
  package let begin: UInt64
  /// When it ended.
  package let end: UInt64

  /// Its length in seconds.
  package var seconds: Double { Double(end - begin) / 1e9 }
}

/// Splits time into phases, on the monotonic clock.
package struct PhaseClock {
  /// The iteration that is timed, from 1.
  package let iteration: Int
  /// The spans that have ended, in order.
  package private(set) var spans: [PhaseSpan] = []
  private var last = DispatchTime.now().uptimeNanoseconds

  /// A clock that starts now.
  package init(iteration: Int) { self.iteration = iteration }

  /// Counts the time since the last call, or the start, for a phase, and tells the watchdog.
  ///
  /// - Parameter ahead: whether it was work for the next iteration.
  mutating func end(_ phase: Phase, ahead: Bool = false) {
    Heartbeat.process.beat("after \(phase.rawValue)")
    let now = DispatchTime.now().uptimeNanoseconds
    spans.append(
      PhaseSpan(phase: phase, iteration: iteration + (ahead ? 1 : 0), begin: last, end: now))
    last = now
  }
}
