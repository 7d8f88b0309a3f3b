import Difficulty
import Reduction
import Torch

extension Batch {
  /// What one run of an engine gives: each rank's result, and what all images have in order.
  struct EngineOutcome: Sendable {
    var results: [DifficultyResult]
    var main: [Double]
    var auxiliary: [Double]
    /// The probabilities that decide, `[images, H, W]`, as `LossMaps` has them; empty unless asked
    /// for.
    var probabilities: [[Float]]
    var result: DifficultyResult { results[0] }
  }

  /// Runs an engine on simulated ranks; `split` gives each rank's number of images.
  func run(
    _ engine: TaskLoss.Engine, _ type: ElementType, _ options: DifficultyOptions, split: [Int],
    maps: Bool = false
  ) -> EngineOutcome {
    let parts = SimulatedRanks.run(split.count) { reducer -> EngineOutcome in
      let first = split[..<reducer.rank].reduce(0, +)
      return part(engine, type, options, first..<first + split[reducer.rank], reducer, maps: maps)
    }
    return EngineOutcome(
      results: parts.flatMap(\.results), main: parts.flatMap(\.main),
      auxiliary: parts.flatMap(\.auxiliary),
      probabilities: maps
        ? (0..<4).map { output in
          parts.flatMap { $0.probabilities.isEmpty ? [] : $0.probabilities[output] }
        } : [])
  }

  private func part(
    _ engine: TaskLoss.Engine, _ type: ElementType, _ options: DifficultyOptions,
    _ range: Range<Int>, _ reducer: any Reducer, maps: Bool
  ) -> EngineOutcome {
    func part(_ values: [Float]) -> Tensor {
      let size = values.count / images
      return Tensor(
        Array(values[range.lowerBound * size..<range.upperBound * size]),
        [range.count, classes, low.height, low.width]
      ).to(type)
    }
    let student = TaskLoss.Heads(main: part(studentMain), auxiliary: studentAuxiliary.map(part))
    let teacher = TaskLoss.Heads(main: part(teacherMain), auxiliary: teacherAuxiliary.map(part))
    let pixels = size.height * size.width
    let loss = TaskLoss(engine: engine, threadCount: 1)
    return labels.withUnsafeBufferPointer { all in
      let view = TaskLoss.Labels(
        UnsafeBufferPointer(
          rebasing: all[range.lowerBound * pixels..<range.upperBound * pixels]),
        imageCount: range.count, height: size.height, width: size.width)
      let (result, gradients) = loss.evaluate(
        student: student, teacher: teacher, labels: view, firstImage: range.lowerBound,
        globalImageCount: images, options: options, reducer: reducer)
      let probabilities =
        maps && !range.isEmpty
        ? loss.maps(student: student, teacher: teacher, labels: view, options: options)
          .probabilities : []
      return EngineOutcome(
        results: [result], main: gradients.main.array(Double.self),
        auxiliary: gradients.auxiliary?.array(Double.self) ?? [], probabilities: probabilities)
    }
  }
}
