import Networks
import Reduction
import Torch

/// One iteration, as methods see it on one rank.
package struct MethodStep {
  /// The iteration, from 1.
  package let iteration: Int
  /// The positions of this rank's images in the global batch.
  package let positions: Range<Int>
  /// The images of all ranks.
  package let batchSize: Int
  /// This rank's images, `[n, 3, H, W]`.
  package let images: Tensor
  /// Class indices `[n, H, W]`, int64, 255 where ignored.
  package let labels: Tensor
  /// The student's output, with history.
  package let student: SegmentationOutput
  /// The teacher's output, without history; nil where the recipe has none.
  package let taught: SegmentationOutput?
  /// The difficulty map on the grid of the logits, `[n, h, w]`: the weight of each pixel in the methods'
  /// losses; nil without RDD, and where `distill.scope` is `task`.
  package let difficulty: Tensor?
  /// Small sums over the ranks that share the global batch. Sums of doubles are not exact: for values of
  /// images use requests or `summed`.
  package let reducer: any Reducer
  /// Class indices on the grid of the logits, `[n, h, w]`, int64, 255 where ignored.
  package let lowLabels: Tensor
  /// Passes over other images.
  package let passes: Passes

  /// Passes of the networks over images `[n, 3, H, W]` of the method's own.
  package struct Passes {
    /// The student in training, with history. Collective.
    package let student: (Tensor) -> SegmentationOutput
    /// The student in evaluation mode, without history.
    package let evaluated: (Tensor) -> SegmentationOutput
    /// The teacher, without history.
    package let teacher: (Tensor) -> SegmentationOutput

    /// The student's logits with history, differentiable twice and without dropout: by the batch's
    /// statistics, which leave the running ones alone (collective, derivatives too), or by those.
    package let studentGraph: (_ images: Tensor, _ byBatch: Bool) -> Tensor
    /// The teacher's logits, with history.
    package let teacherGraph: (Tensor) -> Tensor

    /// Passes of two networks.
    package init(
      student: @escaping (Tensor) -> SegmentationOutput,
      evaluated: @escaping (Tensor) -> SegmentationOutput,
      teacher: @escaping (Tensor) -> SegmentationOutput,
      studentGraph: @escaping (Tensor, Bool) -> Tensor = { _, _ in Passes.missing() },
      teacherGraph: @escaping (Tensor) -> Tensor = { _ in Passes.missing() }
    ) {
      self.student = student
      self.evaluated = evaluated
      self.teacher = teacher
      self.studentGraph = studentGraph
      self.teacherGraph = teacherGraph
    }

    /// What is called where a method runs a pass that its needs do not name.
    package static func missing<Result>() -> Result {
      preconditionFailure("MethodStep: no such pass; expected one that the card's needs name")
    }

    /// None: for methods that do not need any.
    package static var none: Passes {
      Passes(
        student: { _ in missing() }, evaluated: { _ in missing() }, teacher: { _ in missing() })
    }
  }

  /// A step; activations of other types become the logits' type.
  package init(
    iteration: Int, positions: Range<Int>, batchSize: Int, images: Tensor, labels: Tensor,
    student: SegmentationOutput, teacher: SegmentationOutput?, difficulty: Tensor? = nil,
    reducer: any Reducer = SingleProcess(), passes: Passes = .none
  ) {
    let type = student.logits.type
    self.iteration = iteration
    self.positions = positions
    self.batchSize = batchSize
    self.images = images
    self.labels = labels
    self.student = student.converted(to: type)
    taught = teacher?.converted(to: type)
    self.difficulty = difficulty
    self.reducer = reducer
    self.passes = passes
    lowLabels = Self.nearest(
      labels, height: student.logits.size(2), width: student.logits.size(3))
  }

  /// Rows of the logits, h.
  package var height: Int { student.logits.size(2) }
  /// Columns of the logits, w.
  package var width: Int { student.logits.size(3) }
  /// The number of classes.
  package var classCount: Int { student.logits.size(1) }
  /// The type of the logits, in which terms are computed.
  package var type: ElementType { student.logits.type }

  /// The teacher's output, which the method's needs ask for.
  package var teacher: SegmentationOutput {
    guard let taught else {
      preconditionFailure("MethodStep: no teacher; expected one, as the card's needs say")
    }
    return taught
  }

  /// The features `[n, F, h, w]` of student and teacher, which the method's needs ask for.
  package var features: (student: Tensor, teacher: Tensor) {
    guard let own = student.feature, let other = teacher.feature else {
      preconditionFailure("MethodStep: no features; expected them, as the card's needs say")
    }
    return (own, other)
  }

  /// The auxiliary logits of student and teacher, which the method's needs ask for.
  package var auxiliaryLogits: (student: Tensor, teacher: Tensor) {
    guard let own = student.auxiliaryLogits, let other = teacher.auxiliaryLogits else {
      preconditionFailure("MethodStep: no auxiliary head; expected one, as the card's needs say")
    }
    return (own, other)
  }

  /// 1 where a label on the grid of the logits counts, else 0, `[n, h, w]`.
  package var valid: Tensor { lowLabels.notEqual(255).to(type) }

  /// Class indices on the grid of the logits with 0 where ignored, `[n, h, w]`, int64.
  package var indices: Tensor { lowLabels * lowLabels.notEqual(255).to(.int64) }

  /// The sum over all images of all ranks at once, with the gradient of this rank's images; for
  /// what is known only after the requests were answered. Exact, as those are. Collective.
  ///
  /// - Parameter own: one row an image, `[n, ...]`; the sum has the shape of a row.
  package func summed(_ own: Tensor) -> Tensor {
    own.sum(overImages: StepSums()([own], reducer)[0])
  }

  /// The exact sums over all images of all ranks of numbers `[n]` each. Collective.
  func totals(_ own: [Tensor]) -> [Double] { StepSums()(own, reducer).flatMap { $0 } }

  /// The factors of the pixels in means: the map, or ones. `[n, h, w]`.
  package var weights: Tensor {
    difficulty ?? Tensor.full(lowLabels.shape, 1, type, device: lowLabels.device)
  }

  /// Nearest labels on another grid: index floor(i * H / h), as the published scripts take it.
  static func nearest(_ labels: Tensor, height: Int, width: Int) -> Tensor {
    func index(_ from: Int, _ to: Int) -> Tensor {
      Tensor((0..<to).map { Int64($0 * from / to) }, [to]).to(device: labels.device)
    }
    if labels.size(1) == height, labels.size(2) == width { return labels }
    return labels.selected(1, index(labels.size(1), height))
      .selected(2, index(labels.size(2), width))
  }
}

extension SegmentationOutput {
  fileprivate func converted(to type: ElementType) -> SegmentationOutput {
    SegmentationOutput(
      logits: logits.to(type), auxiliaryLogits: auxiliaryLogits?.to(type),
      feature: feature?.to(type), stages: stages.map { $0.to(type) })
  }
}
