import CTorch

/// The parts of batch normalisation between which the sums are added over images and ranks.
///
/// Everything is on `[N, C, H, W]`; none records history. Sums and moments are doubles, so that
/// E[x^2] - E[x]^2 keeps its digits.
package enum BatchNormalization {
  /// What a batch is normalised by, one number a channel.
  package struct Statistics: Sendable {
    /// The mean.
    package let mean: [Double]
    /// One over the root of variance and epsilon.
    package let inverseDeviation: [Double]

    /// Statistics of as many channels as each array has numbers.
    package init(mean: [Double], inverseDeviation: [Double]) {
      self.mean = mean
      self.inverseDeviation = inverseDeviation
    }
  }

  /// The means over the batch that the gradient of an input takes away, one number a channel.
  package struct GradientMeans: Sendable {
    /// The mean of dz.
    package let gradient: [Double]
    /// The mean of dz * xhat.
    package let gradientTimesX: [Double]

    /// Means of as many channels as each array has numbers.
    package init(gradient: [Double], gradientTimesX: [Double]) {
      self.gradient = gradient
      self.gradientTimesX = gradientTimesX
    }
  }

  /// The sum of each channel, then the sum of the squares of each channel, of each image: `[N, 2C]`.
  package static func sums(_ x: Tensor) -> [Double] {
    var sums = [Double](repeating: 0, count: x.size(0) * 2 * x.size(1))
    TorchRuntime.check(ct_bn_sums(&sums, x.handle), "batch norm sums", x)
    return sums
  }

  /// activation((x - mean) * inverseDeviation * weight + bias + residual).
  package static func apply(
    _ x: Tensor, _ statistics: Statistics, weight: Tensor, bias: Tensor, residual: Tensor?,
    activation: Activation
  ) -> Tensor {
    .make("batch norm", x, weight) {
      ct_bn_apply(
        &$0, x.handle, statistics.mean, statistics.inverseDeviation, weight.handle, bias.handle,
        residual?.handle, activation.code)
    }
  }

  /// The sum of dz, then the sum of dz * xhat, of each channel, of each image: `[N, 2C]`. dz is `dy`
  /// where the activation passed its input.
  package static func backwardSums(
    dy: Tensor, x: Tensor, y: Tensor, _ statistics: Statistics, activation: Activation
  ) -> [Double] {
    var sums = [Double](repeating: 0, count: x.size(0) * 2 * x.size(1))
    let status = ct_bn_backward_sums(
      &sums, dy.handle, x.handle, y.handle, statistics.mean, statistics.inverseDeviation,
      activation.code)
    TorchRuntime.check(status, "batch norm backward sums", dy, x)
    return sums
  }

  /// The gradients of `x` and, if it took part, of the residual.
  ///
  ///     dx = weight * inverseDeviation * (dz - mean(dz) - xhat * mean(dz * xhat))
  package static func backwardInput(
    dy: Tensor, x: Tensor, y: Tensor, _ statistics: Statistics, _ means: GradientMeans,
    weight: Tensor, activation: Activation, residual: Bool
  ) -> (x: Tensor, residual: Tensor?) {
    var forResidual: OpaquePointer?
    let dx = Tensor.make("batch norm backward", dy, x) { out in
      withUnsafeMutablePointer(to: &forResidual) { pointer in
        ct_bn_backward_input(
          &out, residual ? pointer : nil, dy.handle, x.handle, y.handle, statistics.mean,
          statistics.inverseDeviation, means.gradient, means.gradientTimesX, weight.handle,
          activation.code)
      }
    }
    return (dx, forResidual.map(Tensor.init(owning:)))
  }

  /// Normalisation by the running statistics, with history. Source: PyTorch `batch_norm`.
  package static func frozen(
    _ x: Tensor, weight: Tensor, bias: Tensor, mean: Tensor, variance: Tensor, epsilon: Double
  ) -> Tensor {
    .make("batch norm, frozen", x, weight) {
      ct_bn_frozen(
        &$0, x.handle, weight.handle, bias.handle, mean.handle, variance.handle, epsilon)
    }
  }
}
