import Torch

/// Pieces that several methods are made of. Sums have a fixed order, image by image.
enum Losses {
  /// KL(teacher || student) over dimension 1 of logits divided by a temperature; that dimension goes.
  static func divergence(_ teacher: Tensor, _ student: Tensor, temperature: Double = 1) -> Tensor {
    let t = (teacher / temperature).fixedLogSoftmax(1)
    let s = (student / temperature).fixedLogSoftmax(1)
    return (t.exp * (t - s)).fixedSum(1)
  }

  /// `[n, F, h, w]` to `[n, F, hw]`; n may be 0.
  static func flat(_ x: Tensor) -> Tensor {
    x.reshaped([x.size(0), x.size(1), x.size(2) * x.size(3)])
  }

  /// The sums over positions, `[n, F, h, w]` to `[n, F]`.
  static func planeSums(_ x: Tensor) -> Tensor { flat(x).fixedSum(2) }

  /// x divided by its Euclidean norm along a dimension, the norm at least `floor` (1e-12 as in
  /// PyTorch's `normalize`).
  static func normalised(_ x: Tensor, _ dimension: Int, floor: Double = 1e-12) -> Tensor {
    x.fixedUnit(dimension, floor: floor)
  }

  /// x less its mean along a dimension.
  static func centred(_ x: Tensor, _ dimension: Int) -> Tensor {
    let mean = x.fixedMean(dimension, keepingDimension: true)
    return x - mean.spread(dimension, x.size(dimension))
  }

  /// Which positions belong to which class in each image, `[n, C, hw]`: 1 or 0.
  static func members(_ step: MethodStep) -> Tensor {
    let classes = Tensor((0..<step.classCount).map { Int64($0) }, [1, step.classCount, 1])
      .to(device: step.lowLabels.device)
    return step.lowLabels.reshaped([step.lowLabels.size(0), 1, step.height * step.width]).equal(
      classes
    ).to(step.type)
  }

  /// x W + b, of rows `[r, I]`, W `[I, O]` and b `[O]`.
  static func linear(_ x: Tensor, _ weight: Tensor, _ bias: Tensor) -> Tensor {
    x.product(weight) + bias.reshaped([1, bias.count]).spread(0, x.size(0))
  }

  /// What a discriminator loses by scores of real and of made samples, with any mean.
  static func hinge(high: Tensor, low: Tensor, _ mean: (Tensor) -> Tensor) -> Tensor {
    mean((high * -1 + 1).relu) + mean((low + 1).relu)
  }

  /// Attention: the mean of squares over channels, flattened and normalised. `[n, F, h, w]` to
  /// `[n, hw]`.
  static func attention(_ feature: Tensor) -> Tensor {
    let squares = (feature * feature).fixedMean(1)
    return normalised(squares.reshaped([feature.size(0), feature.size(2) * feature.size(3)]), 1)
  }

  /// One value an image after the other, `[1]` each, as `[n]`.
  static func column(_ values: [Tensor], like x: Tensor) -> Tensor {
    Tensor.concatenated([Tensor.zeros([0], .float64, device: x.device)] + values, 0)
  }
}
