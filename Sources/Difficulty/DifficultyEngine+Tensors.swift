import Torch

extension DifficultyEngine {
  /// As `difficultyMaps(_:options:)`, for logits in tensors.
  ///
  /// - Parameters:
  ///   - student: the main logits count; the maps are those of the main head.
  ///   - teacher: of the same shape; with an auxiliary head there are TFE weights.
  ///   - labels: of the same images.
  ///   - options: thresholds, masks and the direction of the divergence.
  public func difficultyMaps(
    student: TaskLoss.Heads, teacher: TaskLoss.Heads, labels: TaskLoss.Labels,
    options: DifficultyOptions
  ) -> DifficultyMaps {
    func dense(_ tensor: Tensor) -> Tensor {
      tensor.detached.to(.float32, device: .cpu).contiguous()
    }
    func values(_ tensor: Tensor) -> UnsafePointer<Float> {
      UnsafePointer(tensor.data.assumingMemoryBound(to: Float.self))
    }
    guard let indices = labels.indices.baseAddress else {
      preconditionFailure("DifficultyEngine: no labels; expected at least one image")
    }
    let (main, teacherMain) = (dense(student.main), dense(teacher.main))
    let teacherAuxiliary = teacher.auxiliary.map(dense)
    return withExtendedLifetime((main, teacherMain, teacherAuxiliary)) {
      difficultyMaps(
        DifficultyInputs(
          imageCount: labels.imageCount, globalImageCount: labels.imageCount,
          classCount: main.size(1), lowHeight: main.size(2), lowWidth: main.size(3),
          height: labels.height, width: labels.width, studentMain: values(main),
          teacherMain: values(teacherMain), teacherAuxiliary: teacherAuxiliary.map(values),
          labels: indices),
        options: options)
    }
  }
}
