import DataParallel
import Foundation
import Methods
import Networks
import Reduction
import Torch

/// Three classes, two images of 1 x 2 pixels, of which the last is ignored; on two ranks they hold two
/// and one valid pixels, so that every mean of means shows.
enum FixA {
  static let student = [2.0, 1, 0, 0, 1, 0.5, 0.5, 0, 1.5, 1, 1, 1]
  static let teacher = [3.0, 0.5, 0, 0.2, 2, 1, 0, 0.5, 2.5, 1, 2, 0]
  static let auxiliary = [2.5, 0.5, 0, 0, 1.5, 1.5, 0.5, 0.5, 2, 1.5, 1.5, 0]
  static let labels: [Int64] = [0, 1, 2, 255]
  /// The weights of TFE.
  static let weights = zip(teacher.pixels, auxiliary.pixels).map { main, auxiliary in
    let (p, q) = (main.softmax, auxiliary.softmax)
    return exp(-zip(q, p).reduce(0) { $0 + $1.0 * log($1.0 / $1.1) })
  }

  /// What a method says of the fixture.
  struct Outcome: Sendable {
    var terms: [String: Double]
    var loss: Double
    /// The gradient of the student's logits, pixel by pixel.
    var gradient: [Double]
  }

  /// A method on 1 or 2 ranks.
  ///
  /// - Parameters:
  ///   - options: as recipes give them.
  ///   - weighted: whether TFE's weights multiply what the method says of each pixel.
  ///   - prepare: called with the suite of each rank before the step.
  static func run(
    _ name: String, _ options: [String: String] = [:], ranks: Int = 1, weighted: Bool = false,
    prepare: @escaping @Sendable (MethodSuite) -> Void = { _ in }
  ) -> Outcome {
    let parts = SimulatedRanks.run(ranks) { reducer -> Outcome in
      let range = Shard.range(of: 2, rank: reducer.rank, worldSize: ranks)
      func logits(_ values: [Double]) -> Tensor {
        Tensor(values, [2, 1, 2, 3]).permuted([0, 3, 1, 2]).narrowed(0, range).clone()
      }
      let student = logits(student)
      student.requiresGradient = true
      let step = MethodStep(
        iteration: 1, positions: range, batchSize: 2,
        images: Tensor.zeros([range.count, 3, 1, 2], .float64),
        labels: Tensor(labels, [2, 1, 2]).narrowed(0, range),
        student: SegmentationOutput(logits: student, auxiliaryLogits: nil, feature: student),
        teacher: SegmentationOutput(
          logits: logits(teacher), auxiliaryLogits: logits(auxiliary), feature: logits(teacher)),
        difficulty: weighted ? Tensor(weights, [2, 1, 2]).narrowed(0, range) : nil,
        reducer: reducer)
      let suite = suite(name, options, setting(classes: 3, features: (3, 3)))
      prepare(suite)
      let outcome = suite.evaluate(step)
      Autograd.backward([(outcome.root, nil)])
      let gradient = student.gradient?.permuted([0, 2, 3, 1]).array(Double.self) ?? []
      return Outcome(
        terms: Dictionary(uniqueKeysWithValues: outcome.terms), loss: outcome.loss,
        gradient: gradient)
    }
    return Outcome(
      terms: parts[0].terms, loss: parts[0].loss, gradient: parts.flatMap(\.gradient))
  }

  static func setting(classes: Int, features: (Int, Int)) -> MethodSetting {
    MethodSetting(
      classCount: classes, student: .init(featureWidth: features.0, hasAuxiliary: true),
      teacher: .init(featureWidth: features.1, hasAuxiliary: true), batchSize: 2, iterations: 10,
      seed: 1, type: .float64)
  }

  /// A suite of one method.
  static func suite(
    _ name: String, _ options: [String: String], _ setting: MethodSetting
  ) -> MethodSuite {
    do {
      let chosen = ChosenMethod(name, options.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
      if let suite = try MethodSuite([chosen], setting) { return suite }
    } catch { fatalError("\(name): \(error)") }
    fatalError("\(name): weight 0")
  }
}

extension [Double] {
  /// Three values each.
  fileprivate var pixels: [[Double]] {
    stride(from: 0, to: count, by: 3).map { Array(self[$0..<$0 + 3]) }
  }

  fileprivate var softmax: [Double] {
    let powers = map { exp($0) }
    return powers.map { $0 / powers.reduce(0, +) }
  }
}
