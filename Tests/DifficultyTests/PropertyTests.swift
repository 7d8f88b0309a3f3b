import Difficulty
import Randomness
import Testing
import Torch

/// What must hold for any input: splits, threads, ties, broken logits.
@Suite struct PropertyTests {
  /// Thresholds and masks by sorting, from the engine's own probabilities.
  private struct Sorted {
    var thresholds: [Float] = []
    var kept: [Int64] = []
    var hard: [[UInt8]] = []

    init(_ probabilities: [[Float]], _ options: DifficultyOptions) {
      for map in probabilities {
        let sorted = map.filter { !$0.isNaN }.sorted()
        let k = options.minimumKept
        var tau = Float(options.threshold)
        let enough = sorted.count >= k && !sorted.isEmpty
        if enough, k > 0, sorted[k - 1] > tau { tau = sorted[k - 1] }
        let mask = map.map { (enough ? $0 <= tau : !$0.isNaN) ? UInt8(1) : 0 }
        thresholds.append(tau)
        kept.append(mask.reduce(0) { $0 + Int64($1) })
        hard.append(mask)
      }
    }
  }

  private static func combine(_ mask: DifficultyOptions.Mask, _ s: UInt8, _ t: UInt8) -> UInt8 {
    switch mask {
    case .xor: s ^ t
    case .or: s | t
    case .and: s & t
    case .ohem: s
    }
  }

  /// Any batch, and options under which any branch decides.
  private static func randomCase(_ seed: Int) -> (batch: Batch, options: DifficultyOptions) {
    var random = CounterRandom(.test, seed: UInt64(seed), 11)
    let images = 1 + random.integer(below: 8)
    let classes = 1 + random.integer(below: 6)
    let low = (1 + random.integer(below: 5), 1 + random.integer(below: 5))
    // Equal sizes and few levels give many ties.
    let tied = random.integer(below: 2) == 0
    let size = tied ? low : (1 + random.integer(below: 20), 1 + random.integer(below: 40))
    let batch = Batch(
      images: images, classes: classes, low: low, size: size, scale: tied ? 1.5 : 4,
      levels: tied ? 3 : 0, ignored: [0, 0.2, 0.9][random.integer(below: 3)],
      blocks: 1 + random.integer(below: 4), seed: UInt64(seed))
    let pixels = images * size.0 * size.1
    var options = DifficultyOptions()
    options.threshold = [-1, 0, 0.1, 0.499, 0.5, 0.7, 0.999, 1, 2][random.integer(below: 9)]
    options.minimumKept = [0, 1, pixels / 3, pixels / 2, pixels][random.integer(below: 5)]
    options.mask = DifficultyOptions.Mask.allCases[random.integer(below: 4)]
    options.confidence = random.integer(below: 3) == 0 ? .maximum : .groundTruth
    return (batch, options)
  }

  /// The images of each rank; some have none.
  private static func randomSplit(
    _ images: Int, ranks: Int, _ random: inout CounterRandom
  ) -> [Int] {
    var split = [Int](repeating: 0, count: ranks)
    for _ in 0..<images { split[random.integer(below: ranks)] += 1 }
    return split
  }

  @Test(arguments: 0..<40)
  func sortingDecidesTheSame(_ seed: Int) {
    let (batch, options) = Self.randomCase(seed)
    let classes = batch.classes
    var random = CounterRandom(.test, seed: UInt64(seed), 12)
    let maps = batch.maps(options)
    let sorted = Sorted(maps.probabilities, options)
    #expect(maps.hard == sorted.hard)
    var counts = [[Int64]](repeating: .init(repeating: 0, count: classes), count: 2)
    for head in 0..<2 {
      let mask = zip(sorted.hard[2 * head], sorted.hard[2 * head + 1]).map {
        Self.combine(options.mask, $0, $1)
      }
      #expect(maps.selected[head] == mask)
      for index in mask.indices where mask[index] == 1 {
        counts[head][Int(batch.labels[index])] += 1
      }
    }
    let reference = batch.run(options)
    let statistics = reference.result.statistics
    #expect(statistics.thresholds.map(\.bitPattern) == sorted.thresholds.map(\.bitPattern))
    #expect(statistics.keptCounts == sorted.kept)
    #expect([statistics.mainClassCounts, statistics.auxiliaryClassCounts] == counts)
    for ranks in [2, 3, 8] {
      let split = Self.randomSplit(batch.images, ranks: ranks, &random)
      let outcome = batch.run(options, split: split)
      #expect(outcome.results.allSatisfy { $0 == reference.result })
      #expect(outcome.main == reference.main && outcome.auxiliary == reference.auxiliary)
    }
  }

  /// An engine and the type of its logits.
  static let engines: [(TaskLoss.Engine, ElementType)] = [
    (.fused, .float32), (.reference, .float32), (.reference, .float64),
  ]

  /// Thresholds and masks on 1 to 8 ranks, bit for bit those of one process that sorts.
  @Test(arguments: engines, 0..<12)
  func ranksDecideAsOneThatSorts(_ engine: (kind: TaskLoss.Engine, type: ElementType), _ seed: Int)
  {
    let (batch, options) = Self.randomCase(100 + seed)
    let whole = batch.run(engine.kind, engine.type, options, split: [batch.images], maps: true)
    let sorted = Sorted(whole.probabilities, options)
    let counts = (0..<2).map { head in
      var counts = [Int64](repeating: 0, count: batch.classes)
      let masks = zip(sorted.hard[2 * head], sorted.hard[2 * head + 1])
      for (label, mask) in zip(batch.labels, masks)
      where Self.combine(options.mask, mask.0, mask.1) == 1 {
        counts[Int(label)] += 1
      }
      return counts
    }
    var random = CounterRandom(.test, seed: UInt64(seed), 13)
    for ranks in 1...8 {
      let split = Self.randomSplit(batch.images, ranks: ranks, &random)
      let outcome = batch.run(engine.kind, engine.type, options, split: split, maps: true)
      for result in outcome.results {
        let statistics = result.statistics
        #expect(
          statistics.thresholds.map(\.bitPattern) == sorted.thresholds.map(\.bitPattern),
          "\(split)")
        #expect(statistics.keptCounts == sorted.kept)
        #expect([statistics.mainClassCounts, statistics.auxiliaryClassCounts] == counts)
        let hard = zip(outcome.probabilities, statistics.thresholds).map { map, tau in
          map.map { (statistics.fallback ? !$0.isNaN : $0 <= tau) ? UInt8(1) : 0 }
        }
        #expect(hard == sorted.hard, "\(split)")
      }
    }
  }

  @Test(arguments: [
    DifficultyOptions.Task.crossEntropy, .teacherFull, .teacherStudent, .blend(share: 0.5),
  ])
  func threadsChangeNothing(_ task: DifficultyOptions.Task) {
    let batch = Batch(
      images: 3, classes: 19, low: (19, 11), size: (150, 85), blocks: 9, seed: 1)
    var options = DifficultyOptions()
    options.task = task
    options.minimumKept = 30_000
    let reference = batch.run(options)
    for threads in [2, 3, 5] {
      let outcome = batch.run(options, threads: threads)
      #expect(outcome.result == reference.result)
      #expect(outcome.main == reference.main && outcome.auxiliary == reference.auxiliary)
    }
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity])
  func brokenLogits(_ value: Float) {
    for output in 0..<4 {
      var batch = Batch(images: 2, classes: 5, low: (4, 5), size: (20, 30), ignored: 0, seed: 2)
      switch output {
      case 0: batch.studentMain[33] = value
      case 1: batch.teacherMain[33] = value
      case 2: batch.studentAuxiliary?[33] = value
      default: batch.teacherAuxiliary?[33] = value
      }
      for task in [
        DifficultyOptions.Task.crossEntropy, .teacherFull, .teacherStudent, .blend(share: 0.5),
      ] {
        var options = DifficultyOptions()
        options.task = task
        options.minimumKept = 700
        options.distillationWeight = 0
        let result = batch.run(options, split: [1, 1]).result
        // A logit of minus infinity is a class that cannot be; it harms where it is the label.
        if value == -.infinity { continue }
        let reads = output < 3 ? output % 2 == 0 : false
        if reads || task == .teacherStudent || (output > 0 && task != .crossEntropy) {
          #expect(!result.loss.isFinite, "\(task) \(output)")
        }
      }
    }
  }

  @Test func largeLogits() {
    var batch = Batch(images: 1, classes: 4, low: (4, 4), size: (25, 25), scale: 1e5, seed: 3)
    var options = DifficultyOptions()
    options.minimumKept = 10
    for task in [DifficultyOptions.Task.teacherFull, .teacherStudent] {
      options.task = task
      #expect(batch.run(options).result.loss.isFinite)
      #expect(batch.run(options).main.allSatisfy { $0.isFinite })
    }
    // Differences of 2e30 are finite too.
    batch.studentMain = batch.studentMain.map { $0 * 1e25 }
    #expect(batch.run(options).main.allSatisfy { $0.isFinite })
  }

  @Test func emptyMaskAndFallback() {
    let batch = Batch(images: 1, classes: 3, low: (2, 2), size: (8, 8), seed: 4)
    var options = DifficultyOptions()
    options.minimumKept = 65
    options.distillationWeight = 0
    let outcome = batch.run(options)
    #expect(outcome.result.statistics.fallback && outcome.result.statistics.emptyMask)
    #expect(outcome.result.loss == 0 && outcome.main.allSatisfy { $0 == 0 })
    options.mask = .and
    let kept = batch.run(options).result.statistics
    #expect(kept.fallback && !kept.emptyMask && kept.mainSelected == kept.validCount)
  }
}
