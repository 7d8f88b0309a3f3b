import Networks
import Torch

/// `ta`: a teacher whose BatchNorm follows the student's images.
///
/// The teacher's BatchNorm layers normalise with the statistics of the global batch and move their
/// running ones (momentum 0.1). All weights of the teacher, BatchNorm's too, stay as they are, and
/// dropout stays off. RDD's difficulty maps and every other method read the same adapted output. After
/// `steps` iterations the running statistics are used and no longer move. Of use where the teacher
/// comes from another data set or camera; on its own data expect no change. The method has no loss of
/// its own but, where `lwf` gives it a factor, that of Learning without Forgetting: the cross entropy
/// of probabilities at temperature 2, the student's smoothed by 1e-5, over pixels with a label. Scope
/// `distill`: its mean is weighted by the difficulty map.
final class TeacherAdaptation: Distiller {
  static let card = MethodCard(
    name: "ta",
    title: "no loss term: the teacher's BatchNorm statistics follow the student's images",
    source: "Szatkowski et al. 2023, arXiv 2308.09544", weight: 1,
    needs: [.teacher, .labels, .adaptation],
    options: [
      .integer("steps", 0, 0...1_000_000_000, "Iterations that adapt. 0: all."),
      .factor("lwf", 0, "Factor of the loss of Learning without Forgetting."),
    ])

  private static let temperature = 2.0
  private static let smoothing = 1e-5
  private let steps: Int
  private let weight: Double

  init(
    _ options: MethodOptions, _ setting: MethodSetting, _ scope: Scope
  ) throws(MethodError) {
    steps = options.integer("steps")
    weight = options["lwf"]
    guard setting.batchSize > 1 else {
      throw options.refused(
        found: "ta with a batch of one image",
        expected: "two images or more: pooled features have one value an image",
        remedy: "raise train.batch_size or leave the method out")
    }
  }

  func adaptsTeacher(_ iteration: Int) -> Bool { steps == 0 || iteration <= steps }

  func terms(_ step: MethodStep, _ reduced: Reduced) -> [Term] {
    guard weight > 0 else { return [] }
    let target = (step.teacher.logits / Self.temperature).fixedSoftmax(1)
    let p = (step.student.logits / Self.temperature).fixedSoftmax(1)
    let smooth = (p + Self.smoothing / Double(step.classCount)) / (1 + Self.smoothing)
    let entropy = (target * smooth.log).fixedSum(1) * -1
    return [Term("lwf", reduced.mean(entropy, over: .valid, step), weight: weight)]
  }
}
