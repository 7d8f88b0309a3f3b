import Foundation
import Networks
import Randomness
import Torch

/// `spec`: the student proposes a class, the teacher keeps it or draws another, the student learns it.
///
/// In a language model the replaced tokens change the contexts in which the divergence is taken. A pixel
/// has no such context: with `target: divergence`, the paper's loss, the method is plain KD whatever is
/// accepted. The others train on the outcome of the rule itself. A proposal is kept if it is among the
/// teacher's k best classes (ties: the lower class first); with a the student's mass on those,
///
///     q = student on the k best + (1 - a) * teacher        expected: cross entropy with q
///
/// `sampled` draws the proposal and the replacement. At k = C nothing is refused and the gradient is 0;
/// combine the method with `kd`. The published training script cannot backpropagate as it stands and
/// its sampler tests another draw than the one it keeps; here test and keep are the same. Scope
/// `distill`: the mean over pixels with a label is weighted by the difficulty map.
package final class Speculative: Distiller {
  /// Its row in the table of methods.
  package static let card = MethodCard(
    name: "spec", title: "classes that the student proposes and the teacher corrects",
    source: "Xu et al. 2024, arXiv 2410.11325, in a dense form of our own", weight: 1,
    needs: [.teacher, .labels],
    options: [
      .word("target", ["expected", "sampled", "divergence"], "What the student learns."),
      .integer("k", 0, 0...255, "Best classes of the teacher. 0: 15 % of the classes."),
      .integer("k_end", 0, 0...255, "k of the last iteration, reached linearly. 0: as k."),
      .number("student_temperature", 1, 0.01...1000, "Of the proposals."),
      .number("teacher_temperature", 1, 0.01...1000, "Of the replacements."),
    ])

  private let target: String
  private let k: (first: Int, last: Int)
  private let temperatures: (student: Double, teacher: Double)
  private let iterations: Int
  private let seed: UInt64
  /// Numbers in [0, 1) for the proposals (0) and replacements (1) of all pixels of an image; replaced
  /// where reference numbers bring their own.
  package var uniforms: ((_ step: MethodStep, _ position: Int, _ purpose: Int) -> [Double])?

  /// The method with these options, between these networks.
  package init(
    _ options: MethodOptions, _ setting: MethodSetting, _ scope: Scope
  ) throws(MethodError) {
    let share = Int((0.15 * Double(setting.classCount)).rounded())
    let first = options.integer("k") == 0 ? max(1, share) : options.integer("k")
    guard first <= setting.classCount else {
      throw options.refused(
        found: "k \(first) of spec", expected: "at most \(setting.classCount), the classes",
        remedy: "lower k")
    }
    k = (first, options.integer("k_end") == 0 ? first : options.integer("k_end"))
    target = options.word("target")
    temperatures = (options["student_temperature"], options["teacher_temperature"])
    iterations = setting.iterations
    seed = setting.seed
  }

  /// k of an iteration, from 1.
  package func bestCount(_ iteration: Int) -> Int {
    guard iterations > 1 else { return k.first }
    let share = Double(iteration - 1) / Double(iterations - 1)
    return k.first + Int((Double(k.last - k.first) * share).rounded())
  }

  /// Its terms of a step.
  package func terms(_ step: MethodStep, _ reduced: Reduced) -> [Term] {
    let logarithms = step.student.logits.fixedLogSoftmax(1)
    let (proposed, taught) = (
      (step.student.logits.detached / temperatures.student).fixedSoftmax(1),
      (step.teacher.logits / temperatures.teacher).fixedSoftmax(1)
    )
    let best = best(step)
    let kept = (proposed * best).fixedSum(1, keepingDimension: true)
    var refused = (kept * -1 + 1).reshaped(step.lowLabels.shape)
    let perPixel: Tensor
    switch target {
    case "expected":
      let mixed = proposed * best + (kept * -1 + 1) * taught
      perPixel = (mixed * logarithms).fixedSum(1) * -1
    case "sampled":
      let proposals = draw(proposed, step, purpose: 0)
      let isKept = best.gathered(1, proposals)
      let labels =
        isKept.greater(than: 0).choose(proposals, draw(taught, step, purpose: 1))
      refused = (isKept * -1 + 1).reshaped(step.lowLabels.shape)
      perPixel = logarithms.gathered(1, labels).reshaped(step.lowLabels.shape) * -1
    default:
      perPixel = Losses.divergence(step.teacher.logits, step.student.logits)
    }
    return [
      Term("loss", reduced.mean(perPixel, over: .valid, step)),
      Term("corrected", reduced.mean(refused, over: .valid, step), weight: 0),
    ]
  }

  /// 1 for the teacher's best classes, else 0, `[n, C, h, w]`.
  private func best(_ step: MethodStep) -> Tensor {
    let rank = step.teacher.logits.argsort(1, descending: true).argsort(1)
    return rank.atMost(Double(bestCount(step.iteration) - 1)).to(step.type)
  }

  /// A class of each pixel, `[n, 1, h, w]`: the first at which the sum of probabilities passes a uniform
  /// number.
  private func draw(_ p: Tensor, _ step: MethodStep, purpose: Int) -> Tensor {
    let size = step.height * step.width
    let values = p.to(.float64).array(Double.self)
    let classes = step.classCount
    var drawn = [Int64](repeating: 0, count: p.size(0) * size)
    for (image, position) in step.positions.enumerated() {
      let numbers =
        uniforms?(step, position, purpose) ?? numbers(size, step.iteration, position, purpose)
      for pixel in 0..<size {
        var (sum, label) = (0.0, 0)
        while label < classes - 1 {
          sum += values[(image * classes + label) * size + pixel]
          if numbers[pixel] < sum { break }
          label += 1
        }
        drawn[image * size + pixel] = Int64(label)
      }
    }
    return Tensor(drawn, [p.size(0), 1, step.height, step.width]).to(device: p.device)
  }

  private func numbers(_ count: Int, _ iteration: Int, _ position: Int, _ purpose: Int) -> [Double]
  {
    var random = CounterRandom(method: .speculation, seed: seed, iteration, position, purpose)
    return (0..<count).map { _ in random.uniform() }
  }
}
