import Difficulty
import Steps

/// Collects steps until the next line of metrics.
struct MetricsWindow {
  private var steps = 0
  private var seconds = 0.0
  private var phases: PhaseTimes = [:]
  private var collectives = 0.0
  private var emptyMasks = 0
  private var fallbacks = 0
  private var skipped = 0
  private var coarse = 0
  private var repeated = 0
  private var unlabelled = 0

  /// Adds a step; the wait for its data is one of its phases.
  mutating func add(_ report: TrainingStep.Report) {
    steps += 1
    seconds += report.seconds
    phases.merge(report.phases) { $0 + $1 }
    collectives += report.collectiveSeconds
    if report.result.statistics.emptyMask { emptyMasks += 1 }
    if report.result.statistics.fallback { fallbacks += 1 }
    if report.omission != nil { skipped += 1 }
    coarse += report.coarseSums
    repeated += report.repeatedSums
    if report.validPixels == 0 { unlabelled += 1 }
  }

  /// The line of an iteration, with means over the steps since the line before.
  func line(
    _ iteration: Int, _ report: TrainingStep.Report, rate: Double, batchSize: Int
  ) -> TrainingLine {
    let result = report.result
    let statistics = result.statistics
    let each = 1 / Double(max(steps, 1))
    let isMasked = report.stage == .tse || report.stage == .blend
    let isWeighted = report.stage == .tfe || report.stage == .blend
    let valid = Double(max(statistics.validCount, 1))
    func threshold(_ index: Int) -> Float? {
      isMasked && index < statistics.thresholds.count ? statistics.thresholds[index] : nil
    }
    func kept(_ index: Int) -> Double? {
      isMasked && index < statistics.keptCounts.count
        ? Double(statistics.keptCounts[index]) / valid : nil
    }
    return TrainingLine(
      iteration: iteration, stage: report.stage, loss: result.loss, taskLoss: result.taskLoss,
      kdLoss: result.distillationLoss,
      methods: report.terms.isEmpty
        ? nil : Dictionary(report.terms.map { ($0.name, $0.value) }) { $1 }, learningRate: rate,
      gradientNorm: report.gradientNorm,
      imagesPerSecond: Double(batchSize * steps) / max(seconds, 1e-9),
      secondsPerIteration: seconds * each, dataWaitSeconds: phases[.data, default: 0] * each,
      communicationWaitSeconds: phases[.communication, default: 0] * each,
      collectiveSeconds: collectives * each,
      phaseSeconds: Dictionary(
        uniqueKeysWithValues: phases.map { ($0.key.rawValue, $0.value * each) }),
      validPixels: report.validPixels,
      meanTfeWeight: isWeighted ? statistics.meanWeight : nil, studentThreshold: threshold(0),
      teacherThreshold: threshold(1), studentAuxiliaryThreshold: threshold(2),
      teacherAuxiliaryThreshold: threshold(3), studentKeptFraction: kept(0),
      teacherKeptFraction: kept(1),
      selectedFraction: isMasked ? Double(statistics.mainSelected) / valid : nil,
      selectedPixels: isMasked ? statistics.mainSelected : nil,
      selectedAuxiliaryPixels: isMasked ? statistics.auxiliarySelected : nil,
      emptyMask: statistics.emptyMask, fallback: statistics.fallback, emptyMasks: emptyMasks,
      fallbacks: fallbacks, skippedUpdates: skipped, coarseSums: coarse, repeatedSums: repeated,
      batchesWithoutLabels: unlabelled)
  }
}
