import Networks
import Torch

/// `kd`: the divergence of the two networks' class probabilities, pixel by pixel.
///
///     T^2 / (B h w) * sum of KL(teacher || student)
///
/// Over all pixels, ignored ones included, as RDD's scripts take it (equation 3). Listed as a method it
/// stands in for the term that `distill.kd_weight` weighs. Scope `distill`: the mean over pixels is
/// weighted by the difficulty map.
final class PixelDistillation: Distiller {
  static let card = MethodCard(
    name: "kd", title: "class probabilities of each pixel",
    source: "Hinton et al. 2015, arXiv 1503.02531", weight: 1, needs: [.teacher],
    options: [.number("temperature", 1, 0.01...1000, "Divides the logits.")])

  private let temperature: Double

  init(
    _ options: MethodOptions, _ setting: MethodSetting, _ scope: Scope
  ) throws(MethodError) { temperature = options["temperature"] }

  func terms(_ step: MethodStep, _ reduced: Reduced) -> [Term] {
    let divergence = Losses.divergence(
      step.teacher.logits, step.student.logits, temperature: temperature)
    return [Term(reduced.mean(divergence, step) * (temperature * temperature))]
  }
}
