import Reduction
import Torch

/// The losses of a step on tensors, by either engine.
package final class TaskLoss: LossEngine {
  /// What computes difficulty and losses.
  package enum Engine: String, Sendable, CaseIterable {
    /// `DifficultyEngine`: fused sweeps over host memory, float32.
    case fused
    /// `ReferenceEngine`: LibTorch operator by operator, any type and device.
    case reference
  }

  /// Logits of a network's heads, or their gradients, `[n, C, h, w]`.
  package struct Heads {
    /// The main head's logits, or their gradient.
    package let main: Tensor
    /// The same of the auxiliary head; nil where there is none.
    package let auxiliary: Tensor?

    /// The tensors of one head or of two, of one shape.
    package init(main: Tensor, auxiliary: Tensor?) {
      self.main = main
      self.auxiliary = auxiliary
    }
  }

  /// Class indices `[n, H, W]`, 255 where ignored, in memory that the caller keeps alive.
  package struct Labels {
    let indices: UnsafeBufferPointer<UInt8>
    let imageCount: Int
    let height: Int
    let width: Int

    /// A view of labels. As many labels as pixels, or the program stops.
    package init(
      _ indices: UnsafeBufferPointer<UInt8>, imageCount: Int, height: Int, width: Int
    ) {
      require(
        indices.count == imageCount * height * width,
        "Labels: \(indices.count) labels for \(imageCount) images of \(height)x\(width)")
      self.indices = indices
      self.imageCount = imageCount
      self.height = height
      self.width = width
    }
  }

  /// A step's losses, and the gradients of the student's logits.
  package typealias Outcome = (result: DifficultyResult, gradients: Heads)

  private let engine: Engine
  private let fused: DifficultyEngine
  private let reference = ReferenceEngine()
  /// What labels point to where a rank has none.
  nonisolated(unsafe) private static let noLabels = UnsafeMutablePointer<UInt8>.allocate(
    capacity: 16)

  /// A loss for one rank.
  ///
  /// - Parameters:
  ///   - engine: what computes it.
  ///   - threadCount: the threads of the fused engine.
  package init(engine: Engine, threadCount: Int) {
    self.engine = engine
    fused = DifficultyEngine(threadCount: threadCount)
  }

  /// See `LossEngine.evaluate`. Collective.
  package func evaluate(
    student: Heads, teacher: Heads?, labels: Labels, firstImage: Int, globalImageCount: Int,
    options: DifficultyOptions, reducer: any Reducer
  ) -> Outcome {
    Self.check(student, teacher, labels)
    switch engine {
    case .reference:
      return reference.evaluate(
        student: student, teacher: teacher, labels: labels, firstImage: firstImage,
        globalImageCount: globalImageCount, options: options, reducer: reducer)
    case .fused:
      return sweep(student, teacher, labels, firstImage, globalImageCount, options, reducer)
    }
  }

  /// Stops the program when logits and labels are not of the same images and sizes.
  private static func check(_ student: Heads, _ teacher: Heads?, _ labels: Labels) {
    let shape = student.main.shape
    require(
      shape.count == 4 && shape[0] == labels.imageCount,
      "TaskLoss: logits \(shape) for the labels of \(labels.imageCount) images")
    for other in [student.auxiliary, teacher?.main, teacher?.auxiliary].compactMap({ $0 }) {
      require(other.shape == shape, "TaskLoss: logits \(shape) and \(other.shape)")
    }
  }

  private func sweep(
    _ student: Heads, _ teacher: Heads?, _ labels: Labels, _ firstImage: Int,
    _ globalImageCount: Int, _ options: DifficultyOptions, _ reducer: any Reducer
  ) -> Outcome {
    let (heads, taught) = (student.dense, teacher?.dense)
    let mainGradient = Tensor.empty(heads.main.shape)
    let auxiliaryGradient = heads.auxiliary.map { Tensor.empty($0.shape) }
    let result = withExtendedLifetime((heads, taught)) {
      let inputs = Self.inputs(heads, taught, labels, firstImage, globalImageCount)
      return fused.evaluate(
        inputs, options: options,
        gradients: DifficultyGradients(
          main: mainGradient.floats, auxiliary: auxiliaryGradient?.floats), reducer: reducer)
    }
    let device = student.main.device
    let type = student.main.type
    return (
      result,
      Heads(
        main: mainGradient.to(type, device: device),
        auxiliary: auxiliaryGradient?.to(type, device: device))
    )
  }

  /// Views of dense logits and of labels.
  private static func inputs(
    _ student: Heads, _ teacher: Heads?, _ labels: Labels, _ firstImage: Int,
    _ globalImageCount: Int
  ) -> DifficultyInputs {
    func view(_ heads: Heads) -> DifficultyInputs.Logits {
      .init(main: heads.main.floats, auxiliary: heads.auxiliary.map { UnsafePointer($0.floats) })
    }
    return DifficultyInputs(
      images: .init(count: labels.imageCount, first: firstImage, globalCount: globalImageCount),
      sizes: .init(
        classCount: student.main.size(1), lowHeight: student.main.size(2),
        lowWidth: student.main.size(3), height: labels.height, width: labels.width),
      student: view(student), teacher: teacher.map(view),
      labels: labels.indices.baseAddress ?? UnsafePointer(noLabels))
  }
}

// MARK: Maps

/// What an engine sees in one rank's images before anything is decided over ranks.
package struct LossMaps {
  /// The TFE weights `[n, h, w]`; nil where the teacher has no auxiliary head.
  package var lowWeight: [Double]?
  /// The TFE weights `[n, H, W]`; nil where the teacher has no auxiliary head.
  package var weight: [Double]?
  /// The probabilities that decide, `[n, H, W]`, NaN where ignored: student main, teacher main,
  /// student auxiliary, teacher auxiliary.
  package var probabilities: [[Float]]
}

extension TaskLoss {
  /// The maps of some images; see `LossEngine.maps`.
  package func maps(
    student: Heads, teacher: Heads, labels: Labels, options: DifficultyOptions
  ) -> LossMaps {
    Self.check(student, teacher, labels)
    switch engine {
    case .fused:
      let (heads, taught) = (student.dense, teacher.dense)
      let maps = withExtendedLifetime((heads, taught)) {
        fused.difficultyMaps(
          Self.inputs(heads, taught, labels, 0, labels.imageCount), options: options)
      }
      return LossMaps(
        lowWeight: maps.lowWeight?.map { Double($0) }, weight: maps.weight?.map { Double($0) },
        probabilities: maps.probabilities)
    case .reference:
      let step = ReferenceStep(student, teacher, labels, options, reference.pool)
      let (own, taught) = step.confidences()
      return LossMaps(
        lowWeight: teacher.auxiliary.map { _ in step.lowTeacherWeights().array(Double.self) },
        weight: teacher.auxiliary.map { _ in step.teacherWeights().array(Double.self) },
        probabilities: zip(own, taught).flatMap { [$0, $1] })
    }
  }
}

extension TaskLoss {
  /// Weights, probabilities and masks of some images, by the fused engine. The maps are those of the
  /// main head; the teacher's auxiliary head gives TFE weights.
  ///
  /// - Parameters:
  ///   - student: logits, of which the main head's count.
  ///   - teacher: of the same shape.
  ///   - labels: of the same images.
  ///   - options: thresholds, masks and the direction of the divergence.
  package func difficultyMaps(
    student: Heads, teacher: Heads, labels: Labels, options: DifficultyOptions
  ) -> DifficultyMaps {
    let own = Heads(main: student.main, auxiliary: nil)
    Self.check(own, teacher, labels)
    let (heads, taught) = (own.dense, teacher.dense)
    return withExtendedLifetime((heads, taught)) {
      fused.difficultyMaps(
        Self.inputs(heads, taught, labels, 0, labels.imageCount), options: options)
    }
  }
}

extension TaskLoss.Heads {
  /// Row-major float32 copies in host memory, where the logits are not that already.
  fileprivate var dense: Self {
    func dense(_ tensor: Tensor) -> Tensor {
      tensor.detached.to(.float32, device: .cpu).contiguous()
    }
    return Self(main: dense(main), auxiliary: auxiliary.map(dense))
  }
}

extension Tensor {
  /// The elements of a dense float32 tensor in host memory.
  fileprivate var floats: UnsafeMutablePointer<Float> { data.assumingMemoryBound(to: Float.self) }
}
