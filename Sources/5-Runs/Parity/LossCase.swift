import Datasets
import Difficulty
import Reduction
import Torch

/// Logits of both networks and labels, as the files of losses hold them, and the losses of them.
struct LossCase: Sendable {
  /// `[B, C, h, w]` of the logits.
  let shape: [Int]
  let height: Int
  let width: Int
  private let student: [Float]
  private let studentAuxiliary: [Float]?
  private let teacher: [Float]
  private let teacherAuxiliary: [Float]?
  private let labels: [UInt8]

  var imageCount: Int { shape[0] }
  var classCount: Int { shape[1] }

  /// The case of a file: `in.s_main`, `in.s_aux`, `in.t_main`, `in.t_aux`, `in.target`.
  init(_ file: ParityFile) throws(ParityError) {
    shape = try Self.logitsShape("in.s_main", file)
    student = try file.floats("in.s_main", shape)
    studentAuxiliary = try file.floats("in.s_aux", shape)
    teacher = try file.floats("in.t_main", shape)
    teacherAuxiliary = try file.floats("in.t_aux", shape)
    let size = try file.shape("in.target", [shape[0], -1, -1])
    (height, width) = (size[1], size[2])
    labels = try file.labels("in.target", size, classCount: shape[1])
  }

  /// Logits of main heads without a label: distillation alone.
  init(student: String, teacher: String, _ file: ParityFile) throws(ParityError) {
    shape = try Self.logitsShape(student, file)
    self.student = try file.floats(student, shape)
    self.teacher = try file.floats(teacher, shape)
    (studentAuxiliary, teacherAuxiliary) = (nil, nil)
    (height, width) = (shape[2], shape[3])
    labels = [UInt8](repeating: 255, count: shape[0] * height * width)
  }

  private static func logitsShape(
    _ name: String, _ file: ParityFile
  ) throws(ParityError) -> [Int] {
    let shape = try file.shape(name, [-1, -1, -1, -1])
    guard shape[1] <= 255 else {
      throw file.refused(name, found: "\(shape[1]) classes", expected: "at most 255")
    }
    return shape
  }

  /// The published class weights, which exist for 19 classes only.
  var cityscapesWeights: [Float]? {
    classCount == 19 ? LabelFormat.cityscapes.card.classWeights : nil
  }
}

// MARK: Losses

extension LossCase {
  /// The losses of a case, with the gradients of all ranks' images.
  struct Outcome: Sendable {
    var result: DifficultyResult
    var main: [Double]
    var auxiliary: [Double]
  }

  /// The losses of one step. Collective.
  ///
  /// - Parameter auxiliary: whether the student has its second head.
  func evaluate(
    _ options: DifficultyOptions, _ run: ParityRun, auxiliary: Bool = true
  ) -> Outcome {
    let range = run.range(of: imageCount)
    let loss = TaskLoss(engine: run.engine, threadCount: run.threadCount)
    let (result, gradients) = withLabels(range) { labels in
      loss.evaluate(
        student: heads(of: student, auxiliary ? studentAuxiliary : nil, range, run),
        teacher: heads(of: teacher, teacherAuxiliary, range, run), labels: labels,
        firstImage: range.lowerBound, globalImageCount: imageCount, options: options,
        reducer: run.reducer)
    }
    return Outcome(
      result: result, main: run.gather(gradients.main.array(Double.self), of: imageCount),
      auxiliary: gradients.auxiliary.map {
        run.gather($0.array(Double.self), of: imageCount)
      } ?? [])
  }

  /// The losses of this rank's images, as if there were no others.
  func evaluateAlone(_ options: DifficultyOptions, _ run: ParityRun) -> DifficultyResult {
    let range = run.range(of: imageCount)
    let loss = TaskLoss(engine: run.engine, threadCount: run.threadCount)
    return withLabels(range) { labels in
      loss.evaluate(
        student: heads(of: student, studentAuxiliary, range, run),
        teacher: heads(of: teacher, teacherAuxiliary, range, run), labels: labels, firstImage: 0,
        globalImageCount: range.count, options: options, reducer: SingleProcess()
      ).result
    }
  }

  /// TFE weights and probabilities of this rank's images; nil if it has none.
  func maps(_ options: DifficultyOptions, _ run: ParityRun) -> LossMaps? {
    let range = run.range(of: imageCount)
    if range.isEmpty { return nil }
    let loss = TaskLoss(engine: run.engine, threadCount: run.threadCount)
    return withLabels(range) { labels in
      loss.maps(
        student: heads(of: student, studentAuxiliary, range, run),
        teacher: heads(of: teacher, teacherAuxiliary, range, run), labels: labels,
        options: options)
    }
  }

  private func heads(
    of main: [Float], _ auxiliary: [Float]?, _ range: Range<Int>, _ run: ParityRun
  ) -> TaskLoss.Heads {
    let size = shape[1] * shape[2] * shape[3]
    func part(_ values: [Float]) -> Tensor {
      run.tensor(
        Array(values[range.lowerBound * size..<range.upperBound * size]),
        [range.count] + shape[1...])
    }
    return TaskLoss.Heads(main: part(main), auxiliary: auxiliary.map(part))
  }

  private func withLabels<Result>(
    _ range: Range<Int>, _ body: (TaskLoss.Labels) -> Result
  ) -> Result {
    let size = height * width
    return labels.withUnsafeBufferPointer { all in
      let part = UnsafeBufferPointer(
        rebasing: all[range.lowerBound * size..<range.upperBound * size])
      return body(
        TaskLoss.Labels(part, imageCount: range.count, height: height, width: width))
    }
  }
}

/// The tolerances of losses, as the reference data's notes suggest them.
extension ParityRun {
  /// A loss in nats.
  var lossTolerance: Tolerance { .each(byPrecision(2e-6, 1e-9)) }
  /// Gradients and weights, which are stored as float32.
  var gradientTolerance: Tolerance { .largest(byPrecision(5e-6, 2e-7)) }
  /// Probabilities as thresholds: they are float32 whatever the run's precision is.
  var thresholdTolerance: Tolerance { .each(byPrecision(1e-6, 6e-8)) }
}
