import Difficulty
import Randomness
import Testing
import Torch

/// The two engines behind `TaskLoss`: fused float32 sweeps, and operators in float64.
@Suite struct EngineTests {
  private func run(
    _ batch: Batch, _ options: DifficultyOptions, _ engine: TaskLoss.Engine, split: [Int]
  ) -> Batch.EngineOutcome {
    batch.run(engine, engine == .reference ? .float64 : .float32, options, split: split)
  }

  private func relative(_ found: [Double], _ expected: [Double]) -> Double {
    guard found.count == expected.count else { return .infinity }
    let largest = expected.map(\.magnitude).max() ?? 0
    let error = zip(found, expected).map { ($0 - $1).magnitude }.max() ?? 0
    return largest > 0 ? error / largest : error
  }

  private func randomOptions(_ seed: Int, _ batch: Batch) -> DifficultyOptions {
    var random = CounterRandom(.test, seed: UInt64(seed), 21)
    var options = DifficultyOptions()
    options.task =
      [.crossEntropy, .teacherFull, .teacherStudent, .blend(share: 0.3)][seed % 4]
    options.mask = DifficultyOptions.Mask.allCases[random.integer(below: 4)]
    options.divergence = random.integer(below: 2) == 0 ? .auxiliaryToMain : .mainToAuxiliary
    options.confidence = random.integer(below: 2) == 0 ? .groundTruth : .maximum
    options.reduction = random.integer(below: 2) == 0 ? .maskedMean : .allPixels
    options.threshold = [0.1, 0.3, 0.7][random.integer(below: 3)]
    let pixels = batch.images * batch.size.height * batch.size.width
    options.minimumKept = [0, pixels / 3, pixels / 2, 2 * pixels][random.integer(below: 4)]
    options.distillationTemperature = [1, 2, 4][random.integer(below: 3)]
    if random.integer(below: 2) == 0 {
      options.classWeights = (0..<batch.classes).map { _ in Float(random.uniform(in: 0.5...1.5)) }
    }
    options.weighting = random.integer(below: 3) == 0 ? .mean : .perPixel
    return options
  }

  @Test(arguments: 0..<24)
  func enginesAgree(_ seed: Int) {
    var batch = Batch(
      images: 3, classes: [2, 5, 19][seed % 3], low: (5, 6), size: (33, 37),
      scale: 2, ignored: [0.1, 0, 0.6][seed / 3 % 3], seed: UInt64(seed))
    if seed % 5 == 4 { batch.studentAuxiliary = nil }
    var options = randomOptions(seed, batch)
    for statistics in [DifficultyOptions.Statistics.global, .local] {
      options.statistics = statistics
      for split in statistics == .global ? [[3], [2, 1], [1, 0, 2]] : [[3], [2, 1]] {
        let exact = run(batch, options, .reference, split: split)
        let fused = run(batch, options, .fused, split: split)
        let (a, b) = (fused.result, exact.result)
        let expected = [
          b.loss, b.taskLoss, b.distillationLoss, b.mainTaskLoss, b.auxiliaryTaskLoss,
          b.weightedLoss, b.maskedLoss,
        ]
        let found = [
          a.loss, a.taskLoss, a.distillationLoss, a.mainTaskLoss, a.auxiliaryTaskLoss,
          a.weightedLoss, a.maskedLoss,
        ]
        #expect(
          zip(found, expected).allSatisfy { relativeError($0, $1) < 2e-6 },
          "\(split) \(options): \(found) \(expected)")
        #expect(relative(fused.main, exact.main) < 5e-6, "\(split) \(options)")
        #expect(relative(fused.auxiliary, exact.auxiliary) < 5e-6, "\(split) \(options)")
        let (s, t) = (a.statistics, b.statistics)
        #expect(s.validCount == t.validCount && s.keptCounts == t.keptCounts)
        #expect(s.mainClassCounts == t.mainClassCounts && s.fallback == t.fallback)
        #expect(s.auxiliaryClassCounts == t.auxiliaryClassCounts && s.emptyMask == t.emptyMask)
        #expect(relativeError(s.meanWeight, t.meanWeight) < 2e-6)
        #expect(zip(s.thresholds, t.thresholds).allSatisfy { abs($0 - $1) < 1e-6 })
      }
    }
  }

  /// The reference engine sees neither the split nor the threads: not in a bit.
  @Test(arguments: 0..<8, [ElementType.float32, .float64])
  func splitsAndThreadsChangeNoBit(_ seed: Int, _ type: ElementType) {
    let threads = TorchRuntime.threads
    defer { TorchRuntime.threads = threads }
    // An image's losses are more numbers than LibTorch adds up on one thread.
    let batch = Batch(
      images: 5, classes: 5, low: (6, 5), size: (193, 187), scale: 2, seed: UInt64(100 + seed))
    let options = randomOptions(seed, batch)
    TorchRuntime.threads = 1
    let whole = batch.run(.reference, type, options, split: [5])
    #expect(whole.result.loss.isFinite && whole.result.loss != 0)
    for (split, threads) in [
      ([5], 2), ([3, 2], 1), ([2, 2, 1], 2), ([2, 1, 1, 1], 2), ([0, 5], 1),
    ] {
      TorchRuntime.threads = threads
      let parts = batch.run(.reference, type, options, split: split)
      #expect(parts.results.allSatisfy { $0 == whole.result }, "\(split) \(options)")
      #expect(
        parts.main.map(\.bitPattern) == whole.main.map(\.bitPattern)
          && parts.auxiliary.map(\.bitPattern) == whole.auxiliary.map(\.bitPattern),
        "\(split) \(options)")
    }
  }
}
