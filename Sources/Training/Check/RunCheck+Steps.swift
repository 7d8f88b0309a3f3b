import Dispatch
import Foundation
import Networks
import Recipes

extension RunCheck {
  /// Runs the last few steps of the recipe from its first weights, and tells what they took.
  /// Collective.
  ///
  /// The last stage is the dearest one. Nothing is saved.
  mutating func measure() throws {
    let device = try recipe.device(localRank: coordinator.world.localRank)
    let sources = try DataSources(recipe.data)
    let teacher = try NetworkFactory.teacher(recipe, device: device)
    let student = try NetworkFactory.student(recipe, device: device)
    let methods = try recipe.methods(student, teacher)
    let step = try TrainingStep(
      recipe, student: student,
      teacher: teacher.map { Teacher($0, recipe, methods?.needs ?? []) }, methods: methods,
      parameters: FlatParameters(student, methods),
      coordinator: coordinator, device: device)
    let iterations = max(1, recipe.train.iterations - 2)...recipe.train.iterations
    let loader = try sources.loader(recipe, iterations, coordinator)
    defer { loader.stop() }
    var seconds: [Double] = []
    for iteration in iterations {
      let begin = DispatchTime.now().uptimeNanoseconds
      _ = step.run(try loader.next(), iteration: iteration)
      let mine = Double(DispatchTime.now().uptimeNanoseconds - begin) / 1e9
      seconds.append(try coordinator.maximum(mine))
    }
    try step.close()
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    let peak = try coordinator.maximum(Double(usage.ru_maxrss) * 1024)
    // The first step also prepares the operators.
    let timed = seconds.count > 1 ? Array(seconds.dropFirst()) : seconds
    let mean = timed.reduce(0, +) / Double(timed.count)
    report.note(
      "measured",
      String(
        format: "%.2f s an iteration (mean of %d; the first took %.2f s), %@ for all; %@ of memory "
          + "in the largest rank", mean, timed.count, seconds[0],
        Progress.duration(mean * Double(recipe.train.iterations)),
        ByteCount.text(Int(peak))))
  }
}
