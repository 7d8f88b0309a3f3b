import Foundation
import Recipes
import Runs

extension RunCheck {
  /// Runs a few steps of the recipe from its first weights, and tells what they took. Collective.
  ///
  /// There are 20 timed steps, or as many as fit into 20 seconds, at least 3; two untimed ones come
  /// first. They are of the last stage, the most expensive one. Nothing is saved.
  mutating func measure() throws {
    let timings = try StepBench.run(
      recipe, steps: 20, warmup: 2, patience: (seconds: 20, steps: 3), coordinator: coordinator)
    let step = timings.step
    let slowest = step.maximum ?? step.median
    report.note(
      "measured",
      String(
        format: "%.2f s an iteration (median of %d, %.2f to %.2f) on %d rank%@ x %d thread%@; "
          + "%@ for all, without validations; %@ of memory in the largest rank",
        step.median, timings.steps, step.minimum, slowest,
        timings.ranks, timings.ranks == 1 ? "" : "s",
        timings.threads, timings.threads == 1 ? "" : "s",
        Progress.duration(step.median * Double(recipe.train.iterations)),
        ByteCount.text(Int(timings.peakBytes))))
    if let warning = step.warning { report.warn("measured: \(warning)") }
  }
}

extension StepTimings.Spread {
  /// What to say where one step took more than twice as long as another: the processors were not free.
  package var warning: String? {
    let slowest = maximum ?? median
    guard slowest > 2 * minimum else { return nil }
    return String(
      format:
        "the slowest step took %.1f times as long as the fastest: are other programs on these "
        + "cores?", slowest / max(minimum, 1e-9))
  }
}
