import Torch

/// Pieces that several methods are made of.
enum Losses {
  /// KL(teacher || student) over dimension 1 of logits divided by a temperature; that dimension goes.
  static func divergence(_ teacher: Tensor, _ student: Tensor, temperature: Double = 1) -> Tensor {
    let t = (teacher / temperature).logSoftmax(1)
    let s = (student / temperature).logSoftmax(1)
    return (t.exp * (t - s)).sum([1])
  }

  /// `[n, F, h, w]` to `[n, F, hw]`; n may be 0.
  static func flat(_ x: Tensor) -> Tensor {
    x.reshaped([x.size(0), x.size(1), x.size(2) * x.size(3)])
  }

  /// x divided by its Euclidean norm along a dimension, the norm at least 1e-12 (PyTorch's
  /// `normalize`).
  static func normalised(_ x: Tensor, _ dimension: Int) -> Tensor {
    let squares = (x * x).sum([dimension], keepingDimensions: true)
    // A root of 0 has no gradient: it is taken of at least the square of the bound.
    return x / squares.clamped(1e-24, .infinity).squareRoot
  }

  /// Which positions belong to which class in each image, `[n, C, hw]`: 1 or 0.
  static func members(_ step: MethodStep) -> Tensor {
    let classes = Tensor((0..<step.classCount).map { Int64($0) }, [1, step.classCount, 1])
      .to(device: step.lowLabels.device)
    return step.lowLabels.reshaped([step.lowLabels.size(0), 1, step.height * step.width]).equal(
      classes
    ).to(step.type)
  }

  /// What a discriminator loses by scores of real and of made samples, with any mean.
  static func hinge(high: Tensor, low: Tensor, _ mean: (Tensor) -> Tensor) -> Tensor {
    mean((high * -1 + 1).relu) + mean((low + 1).relu)
  }

  /// Attention: the mean of squares over channels, flattened and normalised. `[n, F, h, w]` to
  /// `[n, hw]`.
  static func attention(_ feature: Tensor) -> Tensor {
    let squares = (feature * feature).mean([1])
    return normalised(squares.reshaped([feature.size(0), feature.size(2) * feature.size(3)]), 1)
  }
}
