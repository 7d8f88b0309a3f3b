import Networks
import Torch

/// `at`: where the features are strong.
///
/// The attention of a network is the mean over channels of its squared features, normalised over the
/// positions of an image; the loss is the mean over positions of the squared difference. Scope
/// `distill`: that mean is weighted by the difficulty map, the attention is not.
final class AttentionTransfer: Distiller {
  static let card = MethodCard(
    name: "at", title: "attention maps of the features",
    source: "Zagoruyko and Komodakis 2017, arXiv 1612.03928; factor of RDD's scripts",
    weight: 10_000, needs: [.teacher, .features])

  init(
    _ options: MethodOptions, _ setting: MethodSetting, _ scope: Scope
  ) throws(MethodError) {}

  func terms(_ step: MethodStep, _ reduced: Reduced) -> [Term] {
    let (student, teacher) = step.features
    let difference = Losses.attention(student) - Losses.attention(teacher)
    let squares = (difference * difference).reshaped(step.lowLabels.shape)
    return [Term(reduced.mean(squares, step))]
  }
}
