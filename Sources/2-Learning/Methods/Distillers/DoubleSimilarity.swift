import Networks
import Torch

/// `dsd`: how attention changes between layers, and which classes score where together.
///
/// The first part (`psd`) compares, for each pair of auxiliary logits, features and main logits, the
/// normalised difference of their attention maps. The second (`csd`) compares, image by image, the
/// products of the classes' distributions over positions of the pooled logits. Scope `distill`: the
/// mean over positions of the first part is weighted by the difficulty map; the second has no value of
/// a pixel and stays as it is.
final class DoubleSimilarity: Distiller {
  static let card = MethodCard(
    name: "dsd", title: "changes of attention between layers, and similarity of classes",
    source: "Feng et al. 2021, arXiv 2107.08591; factors of RDD's scripts", weight: 1,
    needs: [.teacher, .features, .auxiliary],
    options: [
      .factor("psd", 1000, "Factor of the changes of attention."),
      .factor("csd", 10, "Factor of the similarity of classes."),
    ])

  /// Divides the pooled logits.
  private static let temperature = 4.0
  private let weights: (psd: Double, csd: Double)

  init(
    _ options: MethodOptions, _ setting: MethodSetting, _ scope: Scope
  ) throws(MethodError) { weights = (options["psd"], options["csd"]) }

  func terms(_ step: MethodStep, _ reduced: Reduced) -> [Term] {
    let (features, auxiliary) = (step.features, step.auxiliaryLogits)
    let student = changes([auxiliary.student, features.student, step.student.logits])
    let teacher = changes([auxiliary.teacher, features.teacher, step.teacher.logits])
    let squares = zip(student, teacher).map { ($0 - $1) * ($0 - $1) }
    let sum = squares[0] + squares[1] + squares[2]
    let psd = reduced.mean(sum.reshaped(step.lowLabels.shape), step) / 3
    let difference = similarity(step.student.logits) - similarity(step.teacher.logits)
    let pairs = Double(step.batchSize * step.classCount * step.classCount)
    return [
      Term("psd", psd, weight: weights.psd),
      Term("csd", (difference * difference).imageSums / pairs, weight: weights.csd),
    ]
  }

  /// The normalised differences of the attention of each pair, `[n, hw]`.
  private func changes(_ layers: [Tensor]) -> [Tensor] {
    let maps = layers.map(Losses.attention)
    return [(0, 1), (0, 2), (1, 2)].map { Losses.normalised(maps[$0.1] - maps[$0.0], 1) }
  }

  /// The products of the classes' distributions over positions, `[n, C, C]`.
  private func similarity(_ logits: Tensor) -> Tensor {
    let pooled = Functional.averagePool(logits.contiguous(), kernel: 2, stride: 2, ceilMode: true)
    let distribution = (Losses.flat(pooled) / Self.temperature).fixedSoftmax(2)
    return distribution.imageProducts(distribution.permuted([0, 2, 1]))
  }
}
