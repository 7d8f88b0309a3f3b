import DataParallel
import Datasets
import Foundation
import Recipes
import Runs
import Steps
import Torch

/// Looks at all that a run needs before an hour is spent on it: `rdd check`.
///
/// Every host looks at its own files, its ranks sharing the work; all ranks learn of all problems.
package struct RunCheck {
  let recipe: Recipe
  let coordinator: Coordinator
  /// Whether what only experts ask for is told too.
  let tellsAll: Bool
  var report = CheckReport()

  /// Checks a recipe, already read, on these ranks. Collective.
  ///
  /// - Parameters:
  ///   - recipe: the run; the same on all ranks.
  ///   - folder: where the run would write.
  ///   - decodesPixels: whether to look at every pixel and label value, and not at headers alone.
  ///   - measures: whether to run some training steps and tell their time and memory.
  ///   - tellsAll: whether to tell also how ranks wait, which threads they start, and how a job ends.
  ///   - coordinator: the ranks.
  /// - Returns: what was found; the problems are the same on all ranks, the rest is rank 0's.
  /// - Throws: only if the ranks cannot communicate, or the steps fail.
  package static func run(
    _ recipe: Recipe, folder: String, decodesPixels: Bool = false, measures: Bool = false,
    tellsAll: Bool = false, coordinator: Coordinator
  ) throws -> CheckReport {
    var check = RunCheck(
      recipe: try recipe.begun(in: folder, coordinator), coordinator: coordinator,
      tellsAll: tellsAll)
    check.describeRecipe()
    check.checkData(decodesPixels: decodesPixels)
    let networks = check.checkNetworks()
    try check.checkRanks()
    check.checkLibraries()
    try check.checkInstructions()
    try check.checkLimits()
    if coordinator.isLead {
      check.checkFolder(folder, networks)
      check.checkStart(folder)
    }
    try check.shareProblems()
    if measures, check.report.problems.isEmpty {
      try check.measure()
    } else {
      check.report.note(
        "time",
        measures
          ? "not measured: the problems come first"
          : "not known yet: --measure runs some steps and tells it")
    }
    return check.report
  }

  private mutating func describeRecipe() {
    let (train, distill) = (recipe.train, recipe.distill)
    let task =
      switch distill.method {
      case .none: "labels alone"
      case .kd: "labels and logits of the teacher"
      case .rdd:
        "TFE to iteration \(distill.warmupIterations), then TSE (\(distill.difficulty.mask.rawValue))"
          + classWeightsInWords
      }
    report.note(
      "recipe",
      "\(train.iterations) iterations of \(train.batchSize) images, crop \(recipe.data.cropHeight) "
        + "x \(recipe.data.cropWidth), \(train.precision.rawValue); \(task)")
    for warning in recipe.warnings { report.warn(warning) }
  }

  private var classWeightsInWords: String {
    switch recipe.distill.classWeights {
    case .auto, .none: ""
    case .published(let format): " with \(format.card.title)' class weights"
    case .list: " with class weights"
    }
  }

  /// Lets all ranks know all problems: each line once, in the order of the ranks, and those of one cause
  /// in one.
  private mutating func shareProblems() throws {
    let mine = report.problems.map {
      "\($0.code) \($0.cause) \($0.line.split(separator: "\n").joined())"
    }
    let all = try coordinator.world.communicator.allgatherv(
      Array(mine.joined(separator: "\n").utf8))
    var known: Set<String> = []
    let problems = all.flatMap { text in
      String(decoding: text, as: UTF8.self).split(separator: "\n").compactMap {
        line -> CheckReport.Problem? in
        let parts = line.split(separator: " ", maxSplits: 2)
        guard parts.count == 3, let code = Int32(parts[0]), let cause = UInt64(parts[1]),
          known.insert("\(code) \(parts[2])").inserted
        else { return nil }
        return CheckReport.Problem(line: String(parts[2]), code: code, cause: cause)
      }
    }
    report.problems = CheckReport.folded(problems)
  }
}
