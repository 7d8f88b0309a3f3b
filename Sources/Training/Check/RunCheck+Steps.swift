import Recipes

extension RunCheck {
  /// Runs a few steps of the recipe from its first weights, and tells what they took. Collective.
  ///
  /// The last stage is the dearest one. Nothing is saved.
  mutating func measure() throws {
    let timings = try StepBench.run(recipe, steps: 2, warmup: 1, coordinator: coordinator)
    let median = timings.step.median
    report.note(
      "measured",
      String(
        format: "%.2f s an iteration (median of %d), %@ for all; %@ of memory in the largest rank",
        median, timings.steps, Progress.duration(median * Double(recipe.train.iterations)),
        ByteCount.text(Int(timings.peakBytes))))
  }
}
