import Networks
import Torch

/// `structured`: pixels, pairs of positions, and whether a map looks like the teacher's.
///
/// The pixel part is `kd` at temperature 1. The pair part compares, image by image, the cosines between
/// the features of all pairs of positions after 2x2 max pooling. The adversarial part is off by
/// default, as RDD's scripts have it: 0.001 is CIRKD's factor. Its `Discriminator` reads the logits,
/// where they are smaller than 64 x 64 enlarged to that (our own; the published one cannot read them).
/// The published student also leaves gradients in the discriminator and runs it at factor 0; here it
/// does neither. The published factor 0.1 of its own loss is left out: Adam divides by it. Scope
/// `distill`: pixels are weighted by the difficulty map, pairs by the pooled map of their first
/// position, the adversarial part is not.
final class Structured: Distiller {
  static let card = MethodCard(
    name: "structured", title: "class probabilities and similarities of positions",
    source: "Liu et al. 2019, arXiv 1903.04197; factors of CIRKD's scripts", weight: 1,
    needs: [.teacher, .features],
    options: [
      .factor("pixel", 1, "Factor of the pixel part."),
      .factor("pair", 10, "Factor of the pair part."),
      .factor("adversarial", 0, "Factor of the adversarial part."),
      .integer("width", 64, 2...1024, "Channels of the discriminator's first convolution."),
    ])

  private let weights: (pixel: Double, pair: Double, adversarial: Double)
  private let discriminator: Discriminator?

  var needs: MethodNeeds { weights.pair > 0 ? [.teacher, .features] : [.teacher] }

  init(
    _ options: MethodOptions, _ setting: MethodSetting, _ scope: Scope
  ) throws(MethodError) {
    weights = (options["pixel"], options["pair"], options["adversarial"])
    discriminator =
      weights.adversarial > 0
      ? Discriminator(
        classes: setting.classCount, width: options.integer("width"), scope("discriminator"))
      : nil
  }

  func request(_ requests: MethodRequests, _ step: MethodStep) {
    guard weights.pair > 0, step.difficulty != nil else { return }
    requests.sum("rows", pooledWeights(step).imageSums)
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
      let rows = (difference * difference).fixedMean(2)
      var value = rows.imageSums / Double(step.batchSize * rows.size(1))
      if step.difficulty != nil {
        let total = reduced.total("rows")
        value = (rows * pooledWeights(step)).imageSums / (total > 0 ? total : 1)
      }
      terms.append(Term("pair", value, weight: weights.pair))
    }
    if let discriminator {
      let met = discriminator.meet(
        real: step.teacher.logits, made: step.student.logits, step)
      terms.append(Term("adversarial", met.student, weight: weights.adversarial))
      terms.append(Term("discriminator", met.own, weight: 0))
    }
    return terms
  }

  /// The difficulty map on the pooled grid, `[n, positions]`.
  private func pooledWeights(_ step: MethodStep) -> Tensor {
    let map = step.weights.reshaped([-1, 1, step.height, step.width])
    let pooled = Functional.averagePool(map.contiguous(), kernel: 2, stride: 2, ceilMode: true)
    return pooled.reshaped([map.size(0), pooled.size(2) * pooled.size(3)])
  }

  /// The cosines between pooled features, `[n, positions, positions]`.
  private func cosines(_ feature: Tensor) -> Tensor {
    let pooled = Functional.maxPool(
      feature.contiguous(), kernel: 2, stride: 2, padding: 0, ceilMode: true)
    let flat = Losses.flat(Losses.normalised(pooled, 1))
    return flat.permuted([0, 2, 1]).imageProducts(flat)
  }
}
