// Operators along lines whose sums have a fixed order: LibTorch's softmax calculates the ends of
// each thread's part otherwise than the rest. No second derivatives.

extension Tensor {
  /// The softmax along a dimension; see `fixedSum`.
  package func fixedSoftmax(_ dimension: Int) -> Tensor {
    let p = Autograd.withoutHistory { () -> Tensor in
      let powers = shifted(dimension).exp
      return powers / powers.fixedSum(dimension, keepingDimension: true)
    }
    return Autograd.custom(p, of: self) { gradient in
      p * (gradient - (gradient * p).fixedSum(dimension, keepingDimension: true))
    }
  }

  /// The logarithm of the softmax along a dimension, in nats; see `fixedSum`.
  package func fixedLogSoftmax(_ dimension: Int) -> Tensor {
    let logarithms = Autograd.withoutHistory { () -> Tensor in
      let x = shifted(dimension)
      return x - x.exp.fixedSum(dimension, keepingDimension: true).log
    }
    return Autograd.custom(logarithms, of: self) { gradient in
      gradient - logarithms.exp * gradient.fixedSum(dimension, keepingDimension: true)
    }
  }

  /// The elements less the mean of their line, divided by its deviation, of which the variance and
  /// `epsilon` are the square; see `fixedSum`.
  package func fixedNormalised(_ dimension: Int, epsilon: Double) -> Tensor {
    let (normalised, factor) = Autograd.withoutHistory { () -> (Tensor, Tensor) in
      let x = detached.contiguous()
      let centred = x - x.fixedMean(dimension, keepingDimension: true)
      let variance = (centred * centred).fixedMean(dimension, keepingDimension: true)
      let factor = Tensor.full([1], 1, type, device: device) / (variance + epsilon).squareRoot
      return (centred * factor, factor)
    }
    return Autograd.custom(normalised, of: self) { gradient in
      let along = (gradient * normalised).fixedMean(dimension, keepingDimension: true)
      let mean = gradient.fixedMean(dimension, keepingDimension: true)
      return (gradient - mean - normalised * along) * factor
    }
  }

  /// The elements less the largest of their line, row-major.
  private func shifted(_ dimension: Int) -> Tensor {
    let x = detached.contiguous()
    return x - x.amax([dimension], keepingDimensions: true)
  }

  /// The elements divided by the Euclidean norm of their line, which is at least `floor`; see
  /// `fixedSum`.
  package func fixedUnit(_ dimension: Int, floor: Double) -> Tensor {
    let (unit, norm, isLong) = Autograd.withoutHistory { () -> (Tensor, Tensor, Tensor) in
      let x = detached.contiguous()
      let squares = (x * x).fixedSum(dimension, keepingDimension: true)
      let norm = squares.clamped(floor * floor, .infinity).squareRoot
      return (x / norm, norm, squares.atLeast(floor * floor).to(type))
    }
    return Autograd.custom(unit, of: self) { gradient in
      // A norm at its floor is a constant.
      let along = (gradient * unit).fixedSum(dimension, keepingDimension: true) * isLong
      return (gradient - unit * along) / norm
    }
  }
}
