import Reduction
import Torch

/// Batch normalisation over the images of all ranks, with the activation and the addition of a
/// residual that follow it.
///
/// Training is collective: one sum of 2C + 1 numbers forward (sum, sum of squares, count) and one of 2C
/// backward, exact over images and ranks (`ExactSum`). The gradients of weight and bias are such sums
/// too: rank 0 brings them. Source: PyTorch `SyncBatchNorm`, with exact sums and any shard sizes.
package final class BatchNorm {
  /// The factor of each channel, `[C]`; trained.
  package let weight: Tensor
  /// What is added to each channel, `[C]`; trained.
  package let bias: Tensor
  /// The mean that evaluation subtracts, `[C]`.
  package let runningMean: Tensor
  /// The variance, `[C]`; evaluation divides by the root of it plus epsilon.
  package let runningVariance: Tensor
  /// The number of training passes.
  package let batchesTracked: Tensor
  /// What is added to variances, and how the running statistics move.
  package let settings: Settings
  private let forwardSum: ExactSum
  private let backwardSum: ExactSum

  /// The constants of a BatchNorm layer.
  package struct Settings: Sendable {
    /// What is added to variances.
    package let epsilon: Double
    /// The share of a batch in the running statistics.
    package let momentum: Double

    /// PyTorch's, which most networks have.
    package static let usual = Settings(epsilon: 1e-5, momentum: 0.1)
    /// MobileNetV3's.
    package static let mobileNetV3 = Settings(epsilon: 1e-3, momentum: 0.01)
  }

  /// A BatchNorm layer of `channels` channels, with the names of `scope`; its weights start at `scale`.
  package init(
    _ scope: Scope, _ channels: Int, scale: Double = 1, _ settings: Settings = .usual
  ) {
    self.settings = settings
    weight = scope.parameter("weight", [channels], .constant(scale))
    bias = scope.parameter("bias", [channels], .constant(0))
    runningMean = scope.buffer("running_mean", [channels], 0)
    runningVariance = scope.buffer("running_var", [channels], 1)
    batchesTracked = scope.buffer("num_batches_tracked", [], 0, .int64)
    forwardSum = ExactSum(groups: [channels, channels, 1])
    backwardSum = ExactSum(groups: [channels, channels])
  }

  /// A BatchNorm layer of tensors that are there already, `[C]` each; it counts no passes.
  init(
    weight: Tensor, bias: Tensor, runningMean: Tensor, runningVariance: Tensor,
    _ settings: Settings
  ) {
    self.settings = settings
    self.weight = weight
    self.bias = bias
    self.runningMean = runningMean
    self.runningVariance = runningVariance
    batchesTracked = Tensor.zeros([], .int64)
    let channels = weight.count
    forwardSum = ExactSum(groups: [channels, channels, 1])
    backwardSum = ExactSum(groups: [channels, channels])
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
      epsilon: settings.epsilon)
    return activated(y, activation, residual)
  }

  private func activated(
    _ normalised: Tensor, _ activation: Activation, _ residual: Tensor?
  ) -> Tensor {
    (residual.map { normalised + $0 } ?? normalised).activated(activation)
  }

  /// norm(x) by the batch's statistics, operator by operator, image by image. Collective, and so is each
  /// derivative: two sums of C numbers forward.
  private func composed(_ x: Tensor, _ reducer: any Reducer) -> Tensor {
    let (images, channels) = (x.size(0), weight.count)
    let shape = [images, channels, 1, 1]
    let count = reducer.exactSums(
      [Double](repeating: Double(x.size(2) * x.size(3)), count: images), width: 1)[0]
    // Every image gets the sum over all images of all ranks: that is its own adjoint.
    func mean(_ x: Tensor) -> Tensor {
      Autograd.selfAdjoint(x.to(.float64).sum([2, 3])) { values in
        let sums = reducer.exactSums(Array(values), width: channels)
        for index in values.indices { values[index] = sums[index % channels] }
      } / count
    }
    let centred = x - mean(x).to(x.type).reshaped(shape)
    let deviation = (mean(centred * centred) + settings.epsilon).squareRoot.to(x.type)
    return centred * (weight.forEachImage(images).to(x.type) / deviation).reshaped(shape)
      + bias.forEachImage(images).to(x.type).reshaped(shape)
  }

  private func normalised(
    _ x: Tensor, _ reducer: any Reducer, _ activation: Activation, _ residual: Tensor?
  ) -> Tensor {
    let channels = weight.count
    let moments = Moments(
      of: x, channels: channels, epsilon: settings.epsilon, forwardSum, reducer)
    track(moments)
    let (weight, bias, backwardSum) = (weight, bias, backwardSum)
    let hasResidual = residual != nil
    let (input, addend) = (x.detached, residual?.detached)
    let output = Autograd.withoutHistory {
      BatchNormalization.apply(
        input, moments.statistics, weight: weight, bias: bias, residual: addend,
        activation: activation)
    }
    let backward: Autograd.Backward = { gradients in
      let dy = gradients[0] ?? output.zerosLike
      let sums = backwardSum(
        BatchNormalization.backwardSums(
          dy: dy, x: input, y: output, moments.statistics, activation: activation), reducer)
      let parameters = [(weight, sums[channels...]), (bias, sums[..<channels])].map {
        Self.gradient(of: $0, Array($1), reducer)
      }
      let means = sums.map { $0 / moments.count }
      let (dx, dresidual) = BatchNormalization.backwardInput(
        dy: dy, x: input, y: output, moments.statistics,
        .init(gradient: Array(means[..<channels]), gradientTimesX: Array(means[channels...])),
        weight: weight, activation: activation, residual: hasResidual)
      return [dx] + parameters + (hasResidual ? [dresidual] : [])
    }
    let inputs = [x, weight, bias] + (residual.map { [$0] } ?? [])
    return Autograd.custom([output], of: inputs, backward: backward)[0]
  }

  /// A parameter's gradient of all ranks for LibTorch to add on rank 0, zeros on the others; nil if it was
  /// added here.
  private static func gradient(
    of parameter: Tensor, _ values: [Double], _ reducer: any Reducer
  ) -> Tensor? {
    let isMine = reducer.rank == 0
    let values = isMine ? values : [Double](repeating: 0, count: values.count)
    let value = Tensor(values, parameter.shape).to(parameter.type, device: parameter.device)
    guard let sum = parameter.gradientSum else { return value }
    if isMine { sum.add(value) }
    return nil
  }

  /// Moves the running statistics; the variance is the unbiased one of the global batch.
  ///
  /// A batch whose statistics are not finite leaves them as they are: its update is left out too, and a
  /// NaN would stay in them for ever.
  private func track(_ moments: Moments) {
    let unbiased = moments.variance.map { $0 * moments.count / max(moments.count - 1, 1) }
    let largest: Double =
      runningMean.type == .float64
      ? .greatestFiniteMagnitude : Double(Float.greatestFiniteMagnitude)
    guard (moments.mean + unbiased).allSatisfy({ $0.magnitude <= largest }) else { return }
    for (running, values) in [(runningMean, moments.mean), (runningVariance, unbiased)] {
      running.scale(by: 1 - settings.momentum)
      running.add(
        Tensor(values, [values.count]).to(running.type, device: running.device),
        times: settings.momentum)
    }
    batchesTracked.copy(from: batchesTracked + 1)
  }
}

/// The mean and the biased variance of each channel over the global batch.
private struct Moments {
  let count: Double
  let mean: [Double]
  let variance: [Double]
  let statistics: BatchNormalization.Statistics

  /// Collective.
  init(
    of x: Tensor, channels: Int, epsilon: Double, _ sum: ExactSum, _ reducer: any Reducer
  ) {
    let images = BatchNormalization.sums(x.detached)
    var rows: [Double] = []
    rows.reserveCapacity(images.count + x.size(0))
    for image in 0..<x.size(0) {
      rows += images[image * 2 * channels..<(image + 1) * 2 * channels]
      rows.append(Double(x.size(2) * x.size(3)))
    }
    let sums = sum(rows, reducer)
    let count = sums[2 * channels]
    let mean = sums[..<channels].map { $0 / count }
    let variance = (0..<channels).map { max(sums[channels + $0] / count - mean[$0] * mean[$0], 0) }
    self.count = count
    self.mean = mean
    self.variance = variance
    statistics = BatchNormalization.Statistics(
      mean: mean,
      inverseDeviation: variance.map { 1 / ($0 + epsilon).squareRoot() })
  }
}
