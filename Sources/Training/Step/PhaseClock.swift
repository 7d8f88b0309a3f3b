import Dispatch

/// The parts of a training step, in order.
public enum Phase: String, CaseIterable, Sendable, Codable {
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
  /// Waiting for gradients of other ranks that backward did not hide.
  case communication
  /// The optimiser.
  case update
}

/// Seconds of each phase.
public typealias PhaseTimes = [Phase: Double]

/// Splits time into phases, on the monotonic clock.
struct PhaseClock {
  private(set) var times: PhaseTimes = [:]
  private var last = DispatchTime.now().uptimeNanoseconds

  /// Counts the time since the last call, or the start, for a phase.
  mutating func end(_ phase: Phase) {
    let now = DispatchTime.now().uptimeNanoseconds
    times[phase, default: 0] += Double(now - last) / 1e9
    last = now
  }
}
