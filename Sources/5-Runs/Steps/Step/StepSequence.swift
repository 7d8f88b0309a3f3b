import Datasets

/// Takes batch after batch through the training step, the teacher one batch ahead.
///
/// The teacher's logits do not depend on the student. Those of the next batch are computed when
/// backward has ended, while the last gradients are still on their way between the ranks. No number
/// changes by that.
package final class StepSequence {
  private let step: TrainingStep
  private let loader: BatchLoader
  private let last: Int
  private let isAhead: Bool
  /// The next iteration's lesson; an error of its images belongs to that iteration too.
  private var next: Result<Lesson, any Error>?
  /// Why this rank cannot run the next iteration: an error of its images; nil if they are made. Known
  /// when an iteration has ended, so that ranks can agree before the next one begins.
  package private(set) var failureOfNext: (any Error)?

  /// The iterations of `loader`, which end with `last`.
  package init(_ step: TrainingStep, _ loader: BatchLoader, last: Int) {
    self.step = step
    self.loader = loader
    self.last = last
    isAhead = step.teachesAhead
  }

  /// Runs one iteration; each once, in order. Collective.
  ///
  /// - Throws: the error of an image of this iteration.
  package func run(_ iteration: Int) throws -> TrainingStep.Report {
    var clock = PhaseClock(iteration: iteration)
    let lesson = try (next ?? lesson(&clock, ahead: false)).get()
    next = nil
    return step.run(lesson, clock) { clock in
      guard iteration < last else { return }
      if isAhead {
        next = self.lesson(&clock, ahead: true)
        if case .failure(let error) = next { failureOfNext = error }
      } else {
        failureOfNext = loader.failureOfNext()
        clock.end(.data, ahead: true)
      }
    }
  }

  private func lesson(
    _ clock: inout PhaseClock, ahead: Bool
  ) -> Result<Lesson, any Error> {
    Result {
      let batch = try loader.next()
      clock.end(.data, ahead: ahead)
      defer { clock.end(.teacher, ahead: ahead) }
      return step.lesson(on: batch, iteration: clock.iteration + (ahead ? 1 : 0))
    }
  }
}
