import Networks
import Torch

/// `da`: the teacher's own answer on strongly augmented images, beside that on the batch.
///
///     T^2 KL(x) + T^2 KL(x')
///
/// over all pixels. x' is each image mixed with another of the global batch (CutMix or mixup), which the
/// teacher labels itself; labels made by mixing are not used. With `pick: pairwise` two candidates are
/// made of each image and the one on which the networks disagree more is trained on, the student scored
/// in evaluation mode so that its running statistics do not move. The student's pass over x' is a
/// separate one, after that over x. The published (1 - 0.9) of the labels' loss is RDD's task loss here;
/// the factor is 0.9. The gain that the paper reports needs longer training. All images travel once
/// over the ranks in each step. Scope `distill`: KL(x) is weighted by the difficulty map, KL(x') is not.
final class AugmentedViews: Distiller {
  static let card = MethodCard(
    name: "da", title: "class probabilities, on mixed images too",
    source: "Wang et al. 2020, arXiv 2012.02909v1", weight: 0.9, needs: [.teacher, .views],
    options: [
      .word("view", ["cutmix", "mixup"], "How two images are mixed."),
      .number("temperature", 4, 0.01...1000, "Divides the logits."),
      .word("pick", ["none", "pairwise"], "Whether the harder of two candidates is taken."),
    ])

  private let temperature: Double
  private let picks: Bool
  private let view: MixedView

  init(
    _ options: MethodOptions, _ setting: MethodSetting, _ scope: Scope
  ) throws(MethodError) {
    temperature = options["temperature"]
    picks = options.word("pick") == "pairwise"
    view = MixedView(
      options.word("view") == "mixup" ? .mixup : .cutmix, seed: setting.seed)
  }

  func request(_ requests: MethodRequests, _ step: MethodStep) { view.request(requests, step) }

  func terms(_ step: MethodStep, _ reduced: Reduced) -> [Term] {
    let factor = temperature * temperature
    let plain = divergence(step.teacher.logits, step.student.logits)
    var images = view.images(step, reduced, draw: 0)
    if picks { images = harder(images, view.images(step, reduced, draw: 1), step) }
    let (student, teacher) = (step.passes.student(images), step.passes.teacher(images))
    let mixed = divergence(teacher.logits.to(step.type), student.logits.to(step.type))
    let pixels = Double(step.batchSize * step.height * step.width)
    return [
      Term("batch", reduced.mean(plain, step) * factor),
      Term("mixed", mixed.imageSums / pixels * factor),
    ]
  }

  private func divergence(_ teacher: Tensor, _ student: Tensor) -> Tensor {
    Losses.divergence(teacher, student, temperature: temperature)
  }

  /// For each image the candidate of the larger sum of divergences; the first if they are equal.
  private func harder(_ first: Tensor, _ second: Tensor, _ step: MethodStep) -> Tensor {
    func scores(_ images: Tensor) -> Tensor {
      divergence(step.passes.teacher(images).logits, step.passes.evaluated(images).logits)
        .imageSums
    }
    let isSecond = (scores(second) - scores(first)).greater(than: 0)
    return isSecond.reshaped([-1, 1, 1, 1]).choose(second, first)
  }
}
