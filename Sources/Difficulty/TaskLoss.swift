import Reduction
import Torch

/// The losses of a step on tensors, by either engine.
public final class TaskLoss {
  /// What computes difficulty and losses.
  public enum Engine: String, Sendable, CaseIterable {
    /// `DifficultyEngine`: fused sweeps over host memory, float32.
    case fused
    /// `ReferenceEngine`: LibTorch operator by operator, any type and device.
    case reference
  }

  /// Logits of a network's heads, or their gradients, `[n, C, h, w]`.
  public struct Heads {
    /// The main head's.
    public let main: Tensor
    /// The auxiliary head's, where there is one.
    public let auxiliary: Tensor?

    /// Two heads, or one.
    public init(main: Tensor, auxiliary: Tensor?) {
      self.main = main
      self.auxiliary = auxiliary
    }
  }

  /// Class indices `[n, H, W]`, 255 where ignored, in memory that the caller keeps alive.
  public struct Labels {
    let indices: UnsafeBufferPointer<UInt8>
    let imageCount: Int
    let height: Int
    let width: Int

    /// A view of labels.
    public init(
      _ indices: UnsafeBufferPointer<UInt8>, imageCount: Int, height: Int, width: Int
    ) {
      precondition(
        indices.count == imageCount * height * width,
        "Labels: \(indices.count) labels for \(imageCount) images of \(height)x\(width)")
      self.indices = indices
      self.imageCount = imageCount
      self.height = height
      self.width = width
    }
  }

  /// A step's losses, and the gradients of the student's logits.
  public typealias Outcome = (result: DifficultyResult, gradients: Heads)

  private let engine: Engine
  private let fused: DifficultyEngine
  private let reference = ReferenceEngine()

  /// A loss for one rank.
  ///
  /// - Parameters:
  ///   - engine: what computes it.
  ///   - threadCount: the threads of the fused engine.
  public init(engine: Engine, threadCount: Int) {
    self.engine = engine
    fused = DifficultyEngine(threadCount: threadCount)
  }

  /// The loss of one step and its gradient. Collective.
  ///
  /// - Parameters:
  ///   - student: logits, whose history is not used: hand the gradients to backward.
  ///   - teacher: logits of the same shape; nil only for the labels' cross entropy alone.
  ///   - labels: of this rank's images.
  ///   - firstImage: the position of this rank's first image in the global batch.
  ///   - globalImageCount: the images of all ranks.
  ///   - options: the method; equal on all ranks.
  ///   - reducer: the ranks.
  /// - Returns: losses that are equal on all ranks, and gradients of the logits' type and device.
  public func evaluate(
    student: Heads, teacher: Heads?, labels: Labels, firstImage: Int, globalImageCount: Int,
    options: DifficultyOptions, reducer: any Reducer
  ) -> Outcome {
    switch engine {
    case .reference:
      return reference.evaluate(
        student: student, teacher: teacher, labels: labels, globalImageCount: globalImageCount,
        options: options, reducer: reducer)
    case .fused:
      return sweep(student, teacher, labels, firstImage, globalImageCount, options, reducer)
    }
  }

  private func sweep(
    _ student: Heads, _ teacher: Heads?, _ labels: Labels, _ firstImage: Int,
    _ globalImageCount: Int, _ options: DifficultyOptions, _ reducer: any Reducer
  ) -> Outcome {
    func dense(_ tensor: Tensor) -> Tensor {
      tensor.detached.to(.float32, device: .cpu).contiguous()
    }
    let main = dense(student.main)
    let auxiliary = student.auxiliary.map(dense)
    let teacherMain = teacher.map { dense($0.main) }
    let teacherAuxiliary = teacher?.auxiliary.map(dense)
    let mainGradient = Tensor.empty(main.shape)
    let auxiliaryGradient = auxiliary.map { Tensor.empty($0.shape) }
    guard let indices = labels.indices.baseAddress else {
      preconditionFailure("TaskLoss: no labels; expected at least one image")
    }
    let result = withExtendedLifetime((main, auxiliary, teacherMain, teacherAuxiliary)) {
      let inputs = DifficultyInputs(
        imageCount: labels.imageCount, firstImage: firstImage,
        globalImageCount: globalImageCount, classCount: main.size(1), lowHeight: main.size(2),
        lowWidth: main.size(3), height: labels.height, width: labels.width,
        studentMain: main.floats, studentAuxiliary: auxiliary.map { UnsafePointer($0.floats) },
        teacherMain: teacherMain.map { UnsafePointer($0.floats) },
        teacherAuxiliary: teacherAuxiliary.map { UnsafePointer($0.floats) }, labels: indices)
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
}

extension Tensor {
  /// The elements of a dense float32 tensor in host memory.
  fileprivate var floats: UnsafeMutablePointer<Float> { data.assumingMemoryBound(to: Float.self) }
}
