import Torch

/// Answers to the requests of a step; equal on all ranks but for where gradients go.
package final class Reduced {
  var prefix = ""
  var sums: [String: Tensor] = [:]
  var totals: [String: [Double]] = [:]
  var rows: [String: Tensor] = [:]
  var selected: [String: Float] = [:]

  /// The sum over all images of all ranks, of the shape of one row of the request; it has the gradient
  /// of this rank's images.
  package func sum(_ key: String) -> Tensor { found(sums[prefix + key], key) }

  /// The global sum of a single number.
  package func total(_ key: String) -> Double { found(totals[prefix + key], key)[0] }

  /// The rows of all ranks in rank order, `[sum of r, D]`.
  package func rows(_ key: String) -> Tensor { found(rows[prefix + key], key) }

  /// The k-th smallest value over all ranks; nil where k was 0.
  package func smallest(_ key: String) -> Float? { selected[prefix + key] }

  private func found<Value>(_ value: Value?, _ key: String) -> Value {
    guard let value else {
      preconditionFailure("Reduced: no \(prefix + key); expected a key that was asked for")
    }
    return value
  }
}

/// Over which pixels of the grid of the logits a mean is taken.
package enum Pixels: String, Sendable {
  /// All of them, ignored ones included.
  case all
  /// Those with a label.
  case valid
}

extension Reduced {
  /// The denominator of a mean over the pixels of all ranks: their number, or the sum of the difficulty
  /// map over them.
  package func weight(_ pixels: Pixels, _ step: MethodStep) -> Double {
    let key = "pixels.\(pixels.rawValue)"
    if let total = totals[key] { return total[0] }
    precondition(pixels == .all && step.difficulty == nil, "Reduced: no \(key); needs lack labels")
    return Double(step.batchSize * step.height * step.width)
  }

  /// Each image's contribution to the global mean of a per-pixel value x, `[n]` float64: sum(w x) over
  /// the image's pixels / sum(w) over the pixels of all ranks. w is the difficulty map where
  /// `distill.scope` includes the methods, else 1. 0 where no pixel counts.
  ///
  /// - Parameters:
  ///   - x: `[n, h, w]`.
  ///   - pixels: which of them count.
  ///   - step: the batch, its labels and the difficulty map.
  package func mean(_ x: Tensor, over pixels: Pixels = .all, _ step: MethodStep) -> Tensor {
    let total = weight(pixels, step)
    var weighted = x
    if let map = step.difficulty { weighted = weighted * map }
    if pixels == .valid {
      let valid = step.lowLabels.notEqual(255)
      weighted = valid.choose(weighted, weighted.zerosLike)
    }
    return weighted.imageSums / (total > 0 ? total : 1)
  }
}
