import Reduction
import Torch

/// Batch normalisation over the images of all ranks, with the activation and the addition of a
/// residual that follow it.
///
/// Training is collective: one sum of 2C + 1 doubles forward (sum, sum of squares, count) and one
/// of 2C backward. The gradients of weight and bias stay this rank's part: they are summed with all
/// other gradients. Source: PyTorch `SyncBatchNorm`, with double sums and any shard sizes.
package final class BatchNorm {
  /// The factor of each channel.
  package let weight: Tensor
  /// What is added to each channel.
  package let bias: Tensor
  /// The mean that evaluation subtracts.
  package let runningMean: Tensor
  /// The variance that evaluation divides by, before its root.
  package let runningVariance: Tensor
  /// The number of training passes.
  package let batchesTracked: Tensor
  /// What is added to variances.
  package static let epsilon = 1e-5
  /// The share of a batch in the running statistics.
  package static let momentum = 0.1

  /// A norm of `channels` channels, with the names of `scope`; its weights start at `scale`.
  package init(_ scope: Scope, _ channels: Int, scale: Double = 1) {
    weight = scope.parameter("weight", [channels], .constant(scale))
    bias = scope.parameter("bias", [channels], .constant(0))
    runningMean = scope.buffer("running_mean", [channels], 0)
    runningVariance = scope.buffer("running_var", [channels], 1)
    batchesTracked = scope.buffer("num_batches_tracked", [], 0, .int64)
  }

  /// activation(norm(x) + residual), `[N, C, H, W]`. Collective in training.
  package func callAsFunction(
    _ x: Tensor, _ pass: Pass, _ activation: Activation = .none, adding residual: Tensor? = nil
  ) -> Tensor {
    guard let training = pass.training else {
      return frozen(x, activation, residual)
    }
    if training.isTwiceDifferentiable {
      return activated(composed(x, training.reducer), activation, residual)
    }
    return normalised(x, training.reducer, activation, residual)
  }

  private func frozen(_ x: Tensor, _ activation: Activation, _ residual: Tensor?) -> Tensor {
    let y = BatchNormalization.frozen(
      x, weight: weight, bias: bias, mean: runningMean, variance: runningVariance,
      epsilon: Self.epsilon)
    return activated(y, activation, residual)
  }

  private func activated(
    _ normalised: Tensor, _ activation: Activation, _ residual: Tensor?
  ) -> Tensor {
    let y = residual.map { normalised + $0 } ?? normalised
    switch activation {
    case .none: return y
    case .relu: return y.relu
    case .relu6: return y.clamped(0, 6)
    }
  }

  /// norm(x) by the batch's statistics, operator by operator. Collective, and so is each derivative:
  /// two sums of C doubles forward.
  private func composed(_ x: Tensor, _ reducer: any Reducer) -> Tensor {
    let shape = [1, weight.count, 1, 1]
    var count = [Double(x.count / weight.count)]
    reducer.sum(&count)
    func mean(_ x: Tensor) -> Tensor {
      Autograd.selfAdjoint(x.to(.float64).sum([0, 2, 3])) { reducer.sum($0) } / count[0]
    }
    let centred = x - mean(x).to(x.type).reshaped(shape)
    let deviation = (mean(centred * centred) + Self.epsilon).squareRoot.to(x.type)
    return centred * (weight / deviation).reshaped(shape) + bias.reshaped(shape)
  }

  private func normalised(
    _ x: Tensor, _ reducer: any Reducer, _ activation: Activation, _ residual: Tensor?
  ) -> Tensor {
    let channels = weight.count
    let moments = Moments(of: x, channels: channels, reducer)
    track(moments)
    let (weight, bias) = (weight, bias)
    let hasResidual = residual != nil
    let (input, addend) = (x.detached, residual?.detached)
    let output = Autograd.withoutHistory {
      BatchNormalization.apply(
        input, mean: moments.mean, inverseDeviation: moments.inverseDeviation, weight: weight,
        bias: bias, residual: addend, activation: activation)
    }
    let backward: Autograd.Backward = { gradients in
      let dy = gradients[0] ?? output.zerosLike
      var sums = BatchNormalization.backwardSums(
        dy: dy, x: input, y: output, mean: moments.mean,
        inverseDeviation: moments.inverseDeviation, activation: activation)
      let parameters = [(weight, sums[channels...]), (bias, sums[..<channels])].map {
        Self.gradient(of: $0, Tensor(Array($1), [channels]))
      }
      reducer.sum(&sums)
      let means = sums.map { $0 / moments.count }
      let (dx, dresidual) = BatchNormalization.backwardInput(
        dy: dy, x: input, y: output, mean: moments.mean,
        inverseDeviation: moments.inverseDeviation, meanGradient: Array(means[..<channels]),
        meanGradientTimesX: Array(means[channels...]), weight: weight, activation: activation,
        residual: hasResidual)
      return [dx] + parameters + (hasResidual ? [dresidual] : [])
    }
    let inputs = [x, weight, bias] + (residual.map { [$0] } ?? [])
    return Autograd.custom([output], of: inputs, backward: backward)[0]
  }

  /// A parameter's gradient for LibTorch to add; nil if it was added here.
  private static func gradient(of parameter: Tensor, _ value: Tensor) -> Tensor? {
    guard let sums = parameter.gradientSums else {
      return value.to(parameter.type, device: parameter.device)
    }
    Autograd.withoutHistory { sums.add(value) }
    return nil
  }

  /// Moves the running statistics; the variance is the unbiased one of the global batch.
  private func track(_ moments: Moments) {
    let unbiased = moments.variance.map { $0 * moments.count / max(moments.count - 1, 1) }
    for (running, values) in [(runningMean, moments.mean), (runningVariance, unbiased)] {
      running.scale(by: 1 - Self.momentum)
      running.add(
        Tensor(values, [values.count]).to(running.type, device: running.device),
        times: Self.momentum)
    }
    batchesTracked.copy(from: batchesTracked + 1)
  }
}

/// The mean and the biased variance of each channel over the global batch.
private struct Moments {
  let count: Double
  let mean: [Double]
  let variance: [Double]
  let inverseDeviation: [Double]

  /// Collective.
  init(of x: Tensor, channels: Int, _ reducer: any Reducer) {
    var sums = BatchNormalization.sums(x.detached)
    sums.append(Double(x.count / channels))
    reducer.sum(&sums)
    let count = sums[2 * channels]
    let mean = sums[..<channels].map { $0 / count }
    let variance = (0..<channels).map { max(sums[channels + $0] / count - mean[$0] * mean[$0], 0) }
    self.count = count
    self.mean = mean
    self.variance = variance
    inverseDeviation = variance.map { 1 / ($0 + BatchNorm.epsilon).squareRoot() }
  }
}
