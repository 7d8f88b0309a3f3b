import Networks
import Torch

/// `r2kd`: cosines of class probabilities, within pixels and within classes, and the order of classes.
///
/// The target is a blend of the teacher and of the teacher with its smallest weights set to 0:
/// z = 0.7 teacher + 0.3 pruned. With p = softmax(z / T),
///
///     T^2 (1 - mean over pixels |cos|) + T^2 (1 - mean over classes |cos| over the global batch)
///
/// over pixels with a label, and over all pixels of a mixed view. The published rank term, 1 less
/// Spearman's correlation, has no gradient: it is reported. `rank: soft` is an extension of our own that
/// trains on it, with pairwise sigmoids of probabilities over 0.1 as the student's ranks. The published
/// pruned copy runs with batch statistics by accident; here it is in evaluation mode. Scope `distill`:
/// pixels are weighted by the difficulty map in all means; the mixed view is not.
final class CorrelationDistance: Distiller {
  static let card = MethodCard(
    name: "r2kd", title: "cosines of class probabilities with the teacher and its pruned copy",
    source: "Kim et al. 2023, arXiv 2311.13934", weight: 2, needs: [.teacher, .labels, .views],
    options: [
      .number("temperature", 4, 0.01...1000, "Divides the logits."),
      .number("teacher_share", 0.7, 0...1, "Share of the whole teacher in the target."),
      .number("pruned", 0.1, 0...1, "Share of each convolution's weights that is set to 0."),
      .word("rank", ["hard", "soft"], "Whether the order of classes is reported or trained on."),
      .word("view", ["cutmix", "mixup", "none"], "How the second view is mixed."),
    ])

  private static let rankTemperature = 0.1
  /// What the published code adds to products of norms; weighted means, which it lacks, have none.
  private static let bound = 1e-8
  private let temperature: Double
  private let share: Double
  private let isSoft: Bool
  private let view: MixedView?
  private let pruned: ((Tensor) -> SegmentationOutput)?

  var needs: MethodNeeds { view == nil ? [.teacher, .labels] : [.teacher, .labels, .views] }

  init(
    _ options: MethodOptions, _ setting: MethodSetting, _ scope: Scope
  ) throws(MethodError) {
    temperature = options["temperature"]
    share = options["teacher_share"]
    isSoft = options.word("rank") == "soft"
    view = MixedView.Kind(rawValue: options.word("view")).map { MixedView($0, seed: setting.seed) }
    let rate = options["pruned"]
    pruned =
      share < 1 && setting.teacher != nil
      ? setting.changedTeacher?({ Pruning.prune($0, rate: rate) }) : nil
  }

  func request(_ requests: MethodRequests, _ step: MethodStep) { view?.request(requests, step) }

  func terms(_ step: MethodStep, _ reduced: Reduced) -> [Term] {
    let valid = step.valid
    var terms = terms(
      step.student.logits, target(step.teacher.logits, step.images, step),
      weights: step.weights * valid,
      step, suffix: "")
    if let view {
      let images = view.images(step, reduced, draw: 0)
      let logits = step.passes.student(images).logits.to(step.type)
      let taught = step.passes.teacher(images).logits.to(step.type)
      terms += self.terms(
        logits, target(taught, images, step), weights: valid * 0 + 1, step, suffix: "_mixed")
    }
    return terms
  }

  /// The blended logits of images.
  private func target(_ logits: Tensor, _ images: Tensor, _ step: MethodStep) -> Tensor {
    guard let pruned else { return logits }
    return logits * share + pruned(images).logits.to(step.type) * (1 - share)
  }

  /// Collective.
  private func terms(
    _ student: Tensor, _ target: Tensor, weights w: Tensor, _ step: MethodStep, suffix: String
  ) -> [Term] {
    let (s, t) = (
      (student / temperature).fixedSoftmax(1), (target / temperature).fixedSoftmax(1).detached
    )
    let spread = w.reshaped([-1, 1, step.height, step.width])
    let parts = [s * t, s * s, t * t].map { Losses.planeSums(($0 * spread).to(.float64)) }
    let sums = step.summed(
      Tensor.concatenated(parts + [w.imageSums.reshaped([w.size(0), 1])], 1))
    let count = max(
      sums.detached.narrowed(0, 3 * step.classCount..<3 * step.classCount + 1).item, 1e-30)
    let columns = (0..<3).map {
      sums.narrowed(0, $0 * step.classCount..<($0 + 1) * step.classCount)
    }
    let bound = step.difficulty == nil ? Self.bound : 0
    func root(_ x: Tensor) -> Tensor { x.clamped(1e-30, .infinity).squareRoot }
    let within =
      columns[0].magnitude / (root(columns[1]) * root(columns[2]) + bound)
    let norms = root((s * s).fixedSum(1)) * root((t * t).fixedSum(1)) + bound
    let rows = ((s * t).fixedSum(1).magnitude / norms * -1 + 1) * w
    let mean = within.reshaped([1, step.classCount]).fixedMean(1).reshaped([])
    let factor = temperature * temperature
    let order = ranks(student, target)
    return [
      Term("pixels\(suffix)", rows.imageSums / count * factor),
      Term(
        "classes\(suffix)", (mean * -1 + 1) * factor, kind: .replicated),
      Term("rank\(suffix)", ((order * -1 + 1) * w).imageSums / count, weight: isSoft ? 1 : 0),
    ]
  }

  /// The correlation of the ranks of classes, `[n, h, w]`.
  private func ranks(_ student: Tensor, _ target: Tensor) -> Tensor {
    let goal = target.argsort(1).argsort(1).to(student.type)
    var own = student.argsort(1).argsort(1).to(student.type)
    if isSoft {
      let p = student.fixedSoftmax(1) / Self.rankTemperature
      let shape = p.shape
      let differences =
        p.reshaped([shape[0], shape[1], 1, shape[2], shape[3]]).spread(2, shape[1])
        - p.reshaped([shape[0], 1, shape[1], shape[2], shape[3]]).spread(1, shape[1])
      own = (Tensor.full([1], 1, p.type, device: p.device) / ((differences * -1).exp + 1))
        .fixedSum(2)
    }
    let (a, b) = (Losses.centred(own, 1), Losses.centred(goal, 1))
    let norms = ((a * a).fixedSum(1) * (b * b).fixedSum(1)).clamped(1e-24, .infinity).squareRoot
    return (a * b).fixedSum(1) / (isSoft ? norms + Self.bound : norms)
  }
}
