import Networks
import Torch

/// `structured`: pixels, pairs of positions, and whether a map looks like the teacher's.
///
/// The pixel part is `kd` at temperature 1. The pair part compares, image by image, the cosines between
/// the features of all pairs of positions after 2x2 max pooling. Scope `distill`: pixels are weighted
/// by RDD's map, pairs by the pooled map of their first position.
final class Structured: Distiller {
  static let card = MethodCard(
    name: "structured", title: "class probabilities and similarities of positions",
    source: "Liu et al. 2019, arXiv 1903.04197; factors of CIRKD's scripts", weight: 1,
    needs: [.teacher, .features],
    options: [
      .factor("pixel", 1, "Factor of the pixel part."),
      .factor("pair", 10, "Factor of the pair part."),
    ])

  private let weights: (pixel: Double, pair: Double)

  var needs: MethodNeeds { weights.pair > 0 ? [.teacher, .features] : [.teacher] }

  init(
    _ options: MethodOptions, _ setting: MethodSetting, _ scope: Scope
  ) throws(MethodError) { weights = (options["pixel"], options["pair"]) }

  func request(_ requests: MethodRequests, _ step: MethodStep) {
    guard weights.pair > 0, step.difficulty != nil else { return }
    requests.sum("rows", pooledWeights(step).sum())
  }

  func terms(_ step: MethodStep, _ reduced: Reduced) -> [Term] {
    var terms: [Term] = []
    if weights.pixel > 0 {
      let divergence = Losses.divergence(step.teacher.logits, step.student.logits)
      terms.append(Term("pixel", reduced.mean(divergence, step), weight: weights.pixel))
    }
    if weights.pair > 0 {
      let (student, teacher) = step.features
      let difference = cosines(student) - cosines(teacher)
      let rows = (difference * difference).mean([2])
      var value = rows.sum() / Double(step.batchSize * rows.size(1))
      if step.difficulty != nil {
        let total = reduced.total("rows")
        value = (rows * pooledWeights(step)).sum() / (total > 0 ? total : 1)
      }
      terms.append(Term("pair", value, weight: weights.pair))
    }
    return terms
  }

  /// RDD's map on the pooled grid, `[n, positions]`.
  private func pooledWeights(_ step: MethodStep) -> Tensor {
    let map = step.weights.reshaped([-1, 1, step.height, step.width])
    let pooled = Functional.averagePool(map, kernel: 2, stride: 2, ceilMode: true)
    return pooled.reshaped([map.size(0), pooled.size(2) * pooled.size(3)])
  }

  /// The cosines between pooled features, `[n, positions, positions]`.
  private func cosines(_ feature: Tensor) -> Tensor {
    let pooled = Functional.maxPool(feature, kernel: 2, stride: 2, padding: 0, ceilMode: true)
    let flat = Losses.flat(Losses.normalised(pooled, 1))
    return flat.permuted([0, 2, 1]).matmul(flat)
  }
}
