import Reduction

/// The denominators of the step's loss sums. A denominator of 0 makes its term 0.
struct LossDenominators {
  /// Pixels of the TFE loss, or valid pixels of the cross entropy.
  var first: Double
  /// The masked mean's denominator of each head.
  var second: [Double]
  /// Positions of the distillation term.
  var distillation: Double
}

extension DifficultyResult {
  /// Makes the losses from their sums.
  mutating func add(
    _ ledger: LossLedger, _ denominators: LossDenominators, _ options: DifficultyOptions,
    heads: Int
  ) {
    let temperature = options.distillationTemperature
    let weighted = [LossLedger.Entry.weightedMain, .weightedAuxiliary]
    let masked = [LossLedger.Entry.maskedMain, .maskedAuxiliary]
    var parts = [0.0, 0.0]
    for head in 0..<heads {
      let share = head == 0 ? 1 : options.auxiliaryWeight
      let first = ledger.total(weighted[head]) * inverse(denominators.first)
      let second = ledger.total(masked[head]) * inverse(denominators.second[head])
      weightedLoss += share * first
      maskedLoss += share * second
      parts[head] = options.firstShare * first + options.secondShare * second
    }
    mainTaskLoss = parts[0]
    auxiliaryTaskLoss = parts[1]
    taskLoss = options.firstShare * weightedLoss + options.secondShare * maskedLoss
    distillationLoss =
      options.distillationWeight * temperature * temperature * ledger.total(.distillation)
      * inverse(denominators.distillation)
    loss = taskLoss + distillationLoss
  }

  /// Replaces the losses with their means over ranks. Collective.
  mutating func average(_ reducer: any Reducer) {
    // A place for each rank, so that all add in the same order.
    var values = [Double](repeating: 0, count: 6 * reducer.worldSize)
    values.replaceSubrange(
      (6 * reducer.rank)..<(6 * reducer.rank + 6),
      with: [
        taskLoss, distillationLoss, mainTaskLoss, auxiliaryTaskLoss, weightedLoss, maskedLoss,
      ])
    reducer.sum(&values)
    let means = (0..<6).map { entry in
      (0..<reducer.worldSize).reduce(0.0) { $0 + values[6 * $1 + entry] }
        / Double(reducer.worldSize)
    }
    taskLoss = means[0]
    distillationLoss = means[1]
    mainTaskLoss = means[2]
    auxiliaryTaskLoss = means[3]
    weightedLoss = means[4]
    maskedLoss = means[5]
    loss = taskLoss + distillationLoss
  }
}

extension DifficultyStatistics {
  /// Takes over what was decided.
  mutating func record(_ decision: MaskDecision) {
    thresholds = decision.thresholds
    keptCounts = decision.keptCounts
    mainClassCounts = decision.classCounts[0]
    auxiliaryClassCounts = decision.classCounts.count > 1 ? decision.classCounts[1] : []
    emptyMask = decision.classCounts.contains { $0.allSatisfy { $0 == 0 } }
    fallback = decision.fallback
  }
}
