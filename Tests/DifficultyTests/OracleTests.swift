import Difficulty
import Randomness
import Testing

/// The engine against the equations in double precision.
@Suite struct OracleTests {
  struct Case: Sendable {
    var classes: Int
    var low: (Int, Int)
    var size: (Int, Int)
    var scale = 4.0
  }

  static let cases = [
    Case(classes: 1, low: (3, 4), size: (9, 17)),
    Case(classes: 2, low: (1, 1), size: (7, 5)),
    Case(classes: 2, low: (5, 1), size: (1, 33)),
    Case(classes: 11, low: (4, 7), size: (4, 7)),
    Case(classes: 11, low: (9, 3), size: (5, 2)),
    Case(classes: 19, low: (10, 9), size: (73, 65)),
    Case(classes: 19, low: (3, 2), size: (80, 3), scale: 40),
    Case(classes: 21, low: (17, 2), size: (31, 16), scale: 400),
    Case(classes: 150, low: (3, 4), size: (17, 25)),
    Case(classes: 255, low: (2, 2), size: (5, 18)),
  ]

  private static func options(_ seed: Int, _ classes: Int) -> [DifficultyOptions] {
    var random = CounterRandom(.test, seed: UInt64(seed), 7)
    var plain = DifficultyOptions()
    plain.minimumKept = 10
    plain.threshold = 0.3
    plain.distillationTemperature = 2
    var all: [DifficultyOptions] = []
    for task in [
      DifficultyOptions.Task.crossEntropy, .teacherFull, .teacherStudent, .blend(share: 0.3),
    ] {
      var options = plain
      options.task = task
      options.mask = DifficultyOptions.Mask.allCases[random.integer(below: 4)]
      options.divergence = random.integer(below: 2) == 0 ? .auxiliaryToMain : .mainToAuxiliary
      options.confidence = random.integer(below: 2) == 0 ? .groundTruth : .maximum
      options.reduction = random.integer(below: 2) == 0 ? .maskedMean : .allPixels
      if random.integer(below: 2) == 0 {
        options.classWeights = (0..<classes).map { _ in Float(random.uniform(in: 0.5...1.5)) }
      }
      options.weighting = random.integer(below: 3) == 0 ? .mean : .perPixel
      all.append(options)
    }
    return all
  }

  @Test(arguments: cases.indices)
  func lossesAndGradients(_ index: Int) {
    let item = Self.cases[index]
    let batch = Batch(
      images: 2, classes: item.classes, low: item.low, size: item.size, scale: item.scale,
      seed: UInt64(index))
    let oracle = Oracle(batch: batch)
    for options in Self.options(index, item.classes) {
      let outcome = batch.run(options)
      let maps = batch.maps(options)
      let outputs = [
        batch.studentMain, batch.teacherMain, batch.studentAuxiliary ?? [],
        batch.teacherAuxiliary ?? [],
      ]
      for (found, logits) in zip(maps.probabilities, outputs) {
        let expected = oracle.probabilities(logits, options.confidence)
        // A logit of 400 has a rounding error of 1.5e-5 before it is an exponent.
        let tolerance = 2e-6 + item.scale * 1e-7
        #expect(
          zip(found, expected).allSatisfy {
            $0.isNaN ? $1.isNaN : abs(Double($0) - $1) < tolerance
          })
      }
      if let weight = maps.weight {
        let expected = oracle.weights(options.divergence)
        #expect(zip(weight, expected).allSatisfy { abs(Double($0) - $1) < 1e-6 })
      }
      var loss = 0.0
      for head in 0..<2 {
        let student = (head == 0 ? batch.studentMain : batch.studentAuxiliary ?? [])
          .map(Double.init)
        let share = head == 0 ? 1 : options.auxiliaryWeight
        let factors = oracle.factors(options, selected: maps.selected[head]).map { share * $0 }
        var (part, gradient) = oracle.crossEntropy(student, factors)
        if head == 0 {
          let term = oracle.distillation(student, options)
          #expect(relativeError(outcome.result.distillationLoss, term.loss) < 1e-12)
          part += term.loss
          for position in gradient.indices { gradient[position] += term.gradient[position] }
        }
        loss += part
        let found = head == 0 ? outcome.main : outcome.auxiliary
        #expect(relativeError(found, gradient.map { Float($0) }) < 5e-6, "\(options)")
      }
      #expect(abs(outcome.result.loss - loss) <= 2e-6 * abs(loss) + 1e-12)
    }
  }

  /// The oracle's own gradients, by central differences.
  @Test func finiteDifferences() {
    let batch = Batch(images: 1, classes: 3, low: (2, 3), size: (7, 9), scale: 2, seed: 5)
    let oracle = Oracle(batch: batch)
    for options in Self.options(3, 3) {
      let factors = oracle.factors(options, selected: batch.maps(options).selected[0])
      let student = batch.studentMain.map(Double.init)
      func loss(_ values: [Double]) -> Double {
        oracle.crossEntropy(values, factors).loss + oracle.distillation(values, options).loss
      }
      let first = oracle.crossEntropy(student, factors).gradient
      let second = oracle.distillation(student, options).gradient
      let found = batch.run(options).main
      for index in student.indices {
        let step = 1e-4
        var up = student
        var down = student
        up[index] += step
        down[index] -= step
        let slope = (loss(up) - loss(down)) / (2 * step)
        #expect(abs(slope - first[index] - second[index]) < 1e-8)
        #expect(abs(slope - Double(found[index])) < 1e-6)
      }
    }
  }
}
