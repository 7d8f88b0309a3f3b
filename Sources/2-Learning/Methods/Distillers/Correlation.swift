import Networks
import Torch

/// `dist`: Pearson's correlation of the class probabilities, within each pixel and within each class.
///
///     inter: 1 - mean over pixels of the correlation over classes
///     intra: 1 - mean over classes of the correlation over the pixels of the global batch
///
/// The published class, fed with maps, correlates the second over the images of the batch at each
/// position; `intra_over: batch` does that, for comparison. Scope `distill`: pixels are weighted by RDD's
/// map in both means.
final class Correlation: Distiller {
  static let card = MethodCard(
    name: "dist", title: "correlation of class probabilities within pixels and within classes",
    source: "Huang et al. 2022, arXiv 2205.10536", weight: 1, needs: [.teacher],
    options: [
      .factor("inter", 1, "Factor of the correlation within pixels."),
      .factor("intra", 1, "Factor of the correlation within classes."),
      .word(
        "intra_over", ["pixels", "batch"],
        "Over what classes correlate: all pixels, or (as published) the images at each position."),
    ])

  private static let bound = 1e-8
  private let weights: (inter: Double, intra: Double)
  private let isOverBatch: Bool

  init(
    _ options: MethodOptions, _ setting: MethodSetting, _ scope: Scope
  ) throws(MethodError) {
    weights = (options["inter"], options["intra"])
    isOverBatch = options.word("intra_over") == "batch"
  }

  func request(_ requests: MethodRequests, _ step: MethodStep) {
    // Variances are differences of sums: they are taken in double.
    let s = step.student.logits.fixedSoftmax(1).to(.float64)
    let t = step.teacher.logits.fixedSoftmax(1).to(.float64)
    let w = step.weights.to(.float64).reshaped([-1, 1, step.height, step.width])
    for (key, x) in [
      ("1", w), ("s", w * s), ("t", w * t), ("ss", w * s * s), ("tt", w * t * t), ("st", w * s * t),
    ] {
      requests.sum(key, isOverBatch ? x : Losses.planeSums(x))
    }
  }

  func terms(_ step: MethodStep, _ reduced: Reduced) -> [Term] {
    let (s, t) = (step.student.logits.fixedSoftmax(1), step.teacher.logits.fixedSoftmax(1))
    let within = pearson(Losses.centred(s, 1), Losses.centred(t, 1))
    // The mean of 1 - r rather than 1 less the mean of r: so it is a sum of the ranks' shares.
    let inter = reduced.mean(within * -1 + 1, step)
    let count = reduced.sum("1").detached.clamped(1e-30, .infinity)
    func moment(_ a: String, _ b: String, _ product: String) -> Tensor {
      reduced.sum(product) - reduced.sum(a) * reduced.sum(b) / count
    }
    let (ss, tt, st) = (moment("s", "s", "ss"), moment("t", "t", "tt"), moment("s", "t", "st"))
    let norms = root(ss) * root(tt) + Self.bound
    let correlations = (st / norms).reshaped([1, st.count])
    let intra = correlations.fixedMean(1).reshaped([]) * -1 + 1
    return [
      Term("inter", inter, weight: weights.inter),
      Term("intra", intra, weight: weights.intra, kind: .replicated),
    ]
  }

  private func pearson(_ a: Tensor, _ b: Tensor) -> Tensor {
    (a * b).fixedSum(1) / (root((a * a).fixedSum(1)) * root((b * b).fixedSum(1)) + Self.bound)
  }

  /// A square root whose gradient at 0 is 0.
  private func root(_ squares: Tensor) -> Tensor {
    squares.clamped(1e-30, .infinity).squareRoot
  }
}
