import Networks
import Torch

/// `kdiga`: how the labels' loss of each network answers to a change of the image.
///
/// With G(f) the gradient of the mean cross entropy with respect to the images,
///
///     1 / B * norm of G(student) - G(teacher)
///
/// where the teacher's is a constant and the student's keeps its graph: a second derivative. The norm is
/// of the whole batch, or the mean of the images' norms. `cosine`, of factor 0, tells how far the two
/// point the same way over the whole batch: it rises with any method, so compare it with KD's.
///
/// The cross entropy is taken on the grid of the logits, in a pass of its own without dropout. The
/// student's BatchNorm layers follow the batch there, as in the published code; by `batch_norm: running`
/// the pass is cheaper but teaches little: scaling a convolution changes those gradients and nothing
/// else.
/// `scale: pixels` multiplies by the valid pixels of an image, so that the factor does not depend on the
/// resolution. The published code does not: its factors, 0.5 and 1000, do not carry over, and ours is 20.
/// It belongs to a student that knows its classes already; early on the norm falls at the labels' cost.
///
/// The code's authorship is likely, not proven; its (1 - alpha) of the labels' loss is RDD's task loss
/// here. No gain in robustness is promised. Scope `distill`: both cross entropies are weighted by RDD's
/// map.
final class InputGradients: Distiller {
  static let card = MethodCard(
    name: "kdiga", title: "gradients of the labels' loss with respect to the images",
    source: "Shao et al. 2021, arXiv 2110.12072", weight: 20,
    needs: [.teacher, .labels, .inputGradients],
    options: [
      .word("norm", ["batch", "sample"], "Of the whole batch, or the mean of the images' norms."),
      .word("scale", ["pixels", "none"], "Whether gradients are multiplied by pixels an image."),
      .word(
        "batch_norm", formerly: "norms", ["batch", "running"],
        "What the student's BatchNorm layers normalise by in that pass."),
    ])

  private let isOfBatch: Bool
  private let isScaled: Bool
  private let isByBatch: Bool

  init(
    _ options: MethodOptions, _ setting: MethodSetting, _ scope: Scope
  ) throws(MethodError) {
    isOfBatch = options.word("norm") == "batch"
    isScaled = options.word("scale") == "pixels"
    isByBatch = options.word("batch_norm") == "batch"
  }

  func terms(_ step: MethodStep, _ reduced: Reduced) -> [Term] {
    let own = gradient(
      { step.passes.studentGraph($0, isByBatch) }, step, reduced, keepsGraph: true)
    let other = gradient(step.passes.teacherGraph, step, reduced, keepsGraph: false)
    let images = Double(step.batchSize)
    let scale = isScaled ? reduced.weight(.valid, step) / images : 1
    let difference = (own - other.detached) * scale
    let squares = (difference * difference).imageSums
    let (from, to) = (own.detached, other.detached)
    let sums = step.summed(
      Tensor.concatenated(
        ([squares] + [from * to, from * from, to * to].map(\.imageSums)).map {
          $0.reshaped([$0.count, 1])
        }, 1))
    func sum(_ index: Int) -> Tensor { sums.narrowed(0, index..<index + 1).reshaped([]) }
    let lengths = (sum(2) * sum(3)).squareRoot.clamped(1e-300, .infinity)
    let cosine = Term(
      "cosine", (sum(1) / lengths).detached, weight: 0, kind: .replicated)
    // The root of 0 has no gradient.
    guard isOfBatch else {
      return [Term("norm", (squares + 1e-12).squareRoot / (images * images)), cosine]
    }
    let norm = (sum(0) + 1e-12).squareRoot
    return [Term("norm", norm / images, kind: .replicated), cosine]
  }

  private func gradient(
    _ pass: (Tensor) -> Tensor, _ step: MethodStep, _ reduced: Reduced, keepsGraph: Bool
  ) -> Tensor {
    let valid = step.lowLabels.notEqual(255)
    let total = reduced.weight(.valid, step)
    let factors = step.weights / (total > 0 ? total : 1)
    return Autograd.twiceDifferentiable {
      let images = step.images.detached.clone()
      images.requiresGradient = true
      let index = step.indices.reshaped([step.lowLabels.size(0), 1, step.height, step.width])
      let entropy =
        Self.logSoftmax(pass(images).to(step.type)).gathered(1, index)
        .reshaped(step.lowLabels.shape) * -1
      let weighted = entropy * factors
      // Only its gradient is used, in which the order of the sum makes no difference.
      let loss = valid.choose(weighted, weighted.zerosLike).sum()
      return Autograd.gradient(of: loss, withRespectTo: images, keepingGraph: keepsGraph)
    }
  }

  /// The logarithm of the softmax over classes of `[n, C, h, w]`, of operators that have
  /// derivatives of any order and act on each position alone.
  private static func logSoftmax(_ logits: Tensor) -> Tensor {
    let (classes, size) = (logits.size(1), logits.size(2) * logits.size(3))
    let x = logits - logits.detached.amax([1], keepingDimensions: true)
    // Each class becomes the sum over the classes: a symmetric matrix.
    let sums = Autograd.selfAdjoint(x.exp) { values in
      for start in stride(from: 0, to: values.count, by: classes * size) {
        for position in start..<start + size {
          var sum = 0.0
          for label in 0..<classes { sum += values[position + label * size] }
          for label in 0..<classes { values[position + label * size] = sum }
        }
      }
    }
    return x - sums.log
  }
}
