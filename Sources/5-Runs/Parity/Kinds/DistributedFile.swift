import Difficulty

/// `distributed`: the whole batch as one process sees it, and as the authors' scripts see it on
/// several ranks, each with its own thresholds and denominators.
enum DistributedFile {
  static func compute(_ file: ParityFile, _ run: ParityRun) throws(ParityError) -> ComputedTensors {
    let input = try LossCase(file)
    var options = DifficultyOptions()
    options.distillationWeight = 0
    options.mask = try TeacherStudentFile.mask(try file.text("mode"), file)
    options.threshold = try file.number("thresh")
    options.minimumKept = try file.whole("min_kept_global", 0...(1 << 40))
    options.classWeights = input.cityscapesWeights
    // Without labels, so that gradients are the distillation's alone.
    let distilling = try LossCase(student: "in.s_main", teacher: "in.t_main", file)
    var computed = global(input, distilling, options, run)
    for (key, kept) in try file.json("min_kept_per_rank", [String: Int].self) {
      guard let ranks = Int(key), ranks > 0, input.imageCount.isMultiple(of: ranks), kept >= 0
      else {
        throw file.refused(
          "min_kept_per_rank", found: "\(key): \(kept)",
          expected: "a number of ranks that divides \(input.imageCount) images")
      }
      var options = options
      options.statistics = .local
      options.minimumKept = kept
      let fixed = options
      let local = run.onExactly(ranks) { Self.local(input, distilling, fixed, $0) }
      computed.merge(local) { $1 }
    }
    return computed
  }

  private static func global(
    _ input: LossCase, _ distilling: LossCase, _ options: DifficultyOptions, _ run: ParityRun
  ) -> ComputedTensors {
    let masked = input.evaluate(options, run)
    let statistics = masked.result.statistics
    var (computed, weighted, distilled) = common(
      "out.global", input, distilling, options, masked, run)
    let prefix = "out.global."
    computed[prefix + "tfe_grad_s_main"] = Computed(weighted.main, run.gradientTolerance)
    computed[prefix + "kd_grad_s_main"] = Computed(distilled.main, run.gradientTolerance)
    computed[prefix + "kept"] = Computed(exactly: statistics.keptCounts)
    computed[prefix + "num_valid"] = Computed(exactly: [statistics.validCount])
    computed[prefix + "class_count_main"] = Computed(exactly: statistics.mainClassCounts)
    computed[prefix + "class_count_aux"] = Computed(exactly: statistics.auxiliaryClassCounts)
    computed[prefix + "per_rank_tse"] = Computed([masked.result.loss], run.lossTolerance)
    computed[prefix + "thresholds"] = Computed(
      statistics.thresholds.map { Double($0) }, run.thresholdTolerance)
    return computed
  }

  /// On as many ranks as the numbers are of. Collective.
  private static func local(
    _ input: LossCase, _ distilling: LossCase, _ options: DifficultyOptions, _ run: ParityRun
  ) -> ComputedTensors {
    let ranks = run.reducer.worldSize
    let masked = input.evaluate(options, run)
    let prefix = "out.official_ddp\(ranks)"
    var computed = common(prefix, input, distilling, options, masked, run).computed
    let own = input.evaluateAlone(options, run)
    computed[prefix + ".per_rank_tse"] = Computed(
      run.gather([own.loss], of: ranks), run.lossTolerance)
    let thresholds = run.gather(
      masked.result.statistics.thresholds.map { Double($0) }, of: ranks)
    for rank in 0..<ranks {
      computed[prefix + ".rank\(rank).thresholds"] = Computed(
        Array(thresholds[4 * rank..<4 * rank + 4]), run.thresholdTolerance)
    }
    return computed
  }

  /// The four losses and the masked one's gradients. Collective.
  private static func common(
    _ prefix: String, _ input: LossCase, _ distilling: LossCase,
    _ options: DifficultyOptions, _ masked: LossCase.Outcome, _ run: ParityRun
  ) -> (computed: ComputedTensors, weighted: LossCase.Outcome, distilled: LossCase.Outcome) {
    var options = options
    options.task = .teacherFull
    let weighted = input.evaluate(options, run)
    options.task = .crossEntropy
    let plain = input.evaluate(options, run, auxiliary: false)
    options.distillationWeight = 1
    let distilled = distilling.evaluate(options, run)
    let losses = [
      masked.result.loss, weighted.result.loss, distilled.result.loss, plain.result.loss,
    ]
    let computed: ComputedTensors = [
      prefix + ".tse_tfe_kd_ce": Computed(losses, run.lossTolerance),
      prefix + ".tse_grad_s_main": Computed(masked.main, run.gradientTolerance),
      prefix + ".tse_grad_s_aux": Computed(masked.auxiliary, run.gradientTolerance),
    ]
    return (computed, weighted, distilled)
  }
}
