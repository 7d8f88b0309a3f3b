import Networks
import Torch

/// `atkd`: pixels of which the teacher is sure are taught otherwise than the others.
///
/// The divergence of a pixel with label y splits into a binary part on {y, rest} (TKD) and a part on the
/// rest, renormalised (DKD). Pixels are split at the global median of the teacher's uncertainty
/// 1 - p(y): easy strictly below, hard at or above.
///
///     alpha * mean over easy of DKD + (1 - alpha) * mean over hard of (TKD + DKD)
///
/// The mean of a group without pixels is 0. On the grid of the logits, over pixels with a label. Scope
/// `distill`: the split stays; the means of the groups are weighted by the difficulty map.
final class AdaptiveTeaching: Distiller {
  static let card = MethodCard(
    name: "atkd", title: "easy and hard pixels, told apart by the teacher's uncertainty",
    source: "Zhong et al. 2024, arXiv 2402.11890", weight: 1, needs: [.teacher, .labels],
    options: [.number("alpha", 0.2, 0...1, "Share of the easy pixels' mean.")])

  /// What takes a class out of a softmax.
  private static let out = -1e9
  private let alpha: Double

  init(
    _ options: MethodOptions, _ setting: MethodSetting, _ scope: Scope
  ) throws(MethodError) { alpha = options["alpha"] }

  func request(_ requests: MethodRequests, _ step: MethodStep) {
    requests.sum("valid", step.valid.imageSums)
    let missing = step.lowLabels.notEqual(255).not
    let nothing = Tensor.full(missing.shape, .nan, .float32, device: missing.device)
    requests.smallest("median", missing.choose(nothing, uncertainty(step))) { reduced in
      let count = Int(reduced.total("valid"))
      return count == 0 ? 0 : (count - 1) / 2 + 1
    }
  }

  func terms(_ step: MethodStep, _ reduced: Reduced) -> [Term] {
    let median = Double(reduced.smallest("median") ?? 0)
    let valid = step.valid
    let hard = uncertainty(step).atLeast(median).to(step.type) * valid
    let easy = valid - hard
    let weights = step.weights
    // The groups are known once the median is: their sizes are summed here.
    let sizes = step.totals([(easy * weights).imageSums, (hard * weights).imageSums])
    let (target, rest) = parts(step)
    func mean(_ x: Tensor, _ group: Tensor, _ size: Double) -> Tensor {
      (group.greater(than: 0).choose(x, x.zerosLike) * weights).imageSums / (size > 0 ? size : 1)
    }
    let value =
      mean(rest, easy, sizes[0]) * alpha + mean(target + rest, hard, sizes[1]) * (1 - alpha)
    let count = max(reduced.total("valid"), 1)
    return [Term("loss", value), Term("hard_share", hard.imageSums / count, weight: 0)]
  }

  /// One less the teacher's probability of the label, `[n, h, w]` float32.
  private func uncertainty(_ step: MethodStep) -> Tensor {
    let p = step.teacher.logits.fixedSoftmax(1).gathered(1, places(step)).reshaped(
      step.lowLabels.shape)
    return (p * -1 + 1).to(.float32).clamped(0, 1)
  }

  private func places(_ step: MethodStep) -> Tensor {
    step.indices.reshaped([step.lowLabels.size(0), 1, step.height, step.width])
  }

  /// TKD and DKD, `[n, h, w]`, in logarithms: a saturated teacher gives 0, not 0 * log 0.
  private func parts(_ step: MethodStep) -> (target: Tensor, rest: Tensor) {
    let shape = step.lowLabels.shape
    let index = places(step)
    let classes = Tensor((0..<step.classCount).map { Int64($0) }, [1, step.classCount, 1, 1])
      .to(device: index.device)
    let isTarget = index.equal(classes)
    // Some class that is not the target.
    let other = index.equal(0).to(.int64)
    func logarithms(_ logits: Tensor) -> (own: Tensor, others: Tensor, rest: Tensor) {
      let all = logits.fixedLogSoftmax(1)
      let low = Tensor.full([1], Self.out, logits.type, device: logits.device)
      let rest = isTarget.choose(low, logits).fixedLogSoftmax(1)
      // log p(c) - log(p(c) / (1 - p(y))) is log(1 - p(y)) for any other class.
      let others = all.gathered(1, other) - rest.gathered(1, other)
      return (all.gathered(1, index).reshaped(shape), others.reshaped(shape), rest)
    }
    let (t, s) = (logarithms(step.teacher.logits), logarithms(step.student.logits))
    let target = t.own.exp * (t.own - s.own) + t.others.exp * (t.others - s.others)
    let zero = t.rest.zerosLike
    let rest = isTarget.choose(zero, t.rest.exp) * isTarget.choose(zero, t.rest - s.rest)
    return (target, rest.fixedSum(1))
  }
}
