import Difficulty
import Recipes
import Steps

/// `blend`: TFE that passes into TSE, with the distillation term, at some iterations.
enum BlendFile {
  static func compute(_ file: ParityFile, _ run: ParityRun) throws(ParityError) -> ComputedTensors {
    let input = try LossCase(file)
    var recipe = Recipe()
    recipe.distill.switch = .blend
    try recipe.readMethod(file, classCount: input.classCount)
    let iterations = try file.integers("in.iterations", [-1])
    let range = recipe.distill.warmupIterations...recipe.train.iterations
    guard range.count > 1, iterations.allSatisfy({ range.contains(Int($0)) }) else {
      throw file.refused("in.iterations", found: "\(iterations)", expected: "all in \(range)")
    }
    let objective = Objective(recipe)
    var computed: ComputedTensors = [:]
    var (shares, totals, parts): ([Double], [Double], [Double]) = ([], [], [])
    for (index, iteration) in iterations.enumerated() {
      let options = objective.options(Int(iteration), imageCount: input.imageCount)
      if case .blend(let share) = options.task { shares.append(share) }
      let outcome = input.evaluate(options, run)
      let result = outcome.result
      totals += [result.taskLoss, result.distillationLoss, result.loss]
      parts += [result.weightedLoss, result.maskedLoss]
      computed["out.\(index).grad_s_main"] = Computed(outcome.main, run.gradientTolerance)
      computed["out.\(index).grad_s_aux"] = Computed(outcome.auxiliary, run.gradientTolerance)
    }
    computed["out.lambda_tfe"] = Computed(shares, .each(1e-12))
    computed["out.task_kd_total"] = Computed(totals, run.lossTolerance)
    computed["out.tfe_tse"] = Computed(parts, run.lossTolerance)
    return computed
  }
}

extension Recipe {
  /// Takes over the parameters that files of whole objectives have.
  mutating func readMethod(_ file: ParityFile, classCount: Int) throws(ParityError) {
    let name = try file.text("mode")
    guard let mask = DifficultyOptions.Mask(rawValue: name.lowercased()) else {
      throw file.refused("mode", found: "'\(name.prefix(20))'", expected: "XOR, OR, AND or OHEM")
    }
    distill.difficulty.mask = mask
    distill.difficulty.threshold = try file.number("thresh")
    distill.ohem.minimumKept = try file.whole("min_kept", 0...(1 << 40))
    distill.warmupIterations = try file.whole("warmup_iter", 0...(1 << 40))
    distill.difficulty.distillationTemperature = try file.number("kd_temperature")
    distill.difficulty.distillationWeight = try file.number("lambda_kd")
    distill.classWeights = classCount == 19 ? .published(.cityscapes) : .none
    train.iterations = try file.whole("max_iterations", 1...(1 << 40))
    guard distill.difficulty.distillationTemperature > 0 else {
      throw file.refused(
        "kd_temperature", found: "\(distill.difficulty.distillationTemperature)",
        expected: "above 0")
    }
  }
}
