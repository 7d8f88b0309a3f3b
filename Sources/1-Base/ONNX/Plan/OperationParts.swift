extension Plan {
  /// Windows that move over images: convolutions and pooling.
  package struct Window: Equatable, Sendable {
    /// The size along each axis after the first two.
    package var kernel: [Int]
    /// The distance of windows.
    package var strides: [Int]
    /// The distance of a window's elements.
    package var dilations: [Int]
    /// Elements that are added before each axis.
    package var before: [Int]
    /// Elements that are added after each axis; of pooling, what the last window needs may be more.
    package var after: [Int]
  }

  /// How an image is resized.
  package struct Resizing: Equatable, Sendable {
    /// How elements between elements are made.
    package enum Mode: Equatable, Sendable {
      /// The nearest one.
      case nearest(Rounding)
      /// Linear between two along each axis.
      case linear
      /// Cubic between four along each axis.
      case cubic(coefficient: Double)
    }

    /// Which element is the nearest one to a coordinate.
    package enum Rounding: String, Equatable, Sendable, CaseIterable {
      /// The lower one at halves.
      case preferFloor = "round_prefer_floor"
      /// The upper one at halves.
      case preferCeiling = "round_prefer_ceil"
      /// The one below.
      case floor = "floor"
      /// The one above.
      case ceiling = "ceil"
    }

    /// Where an element of the result lies in the operand.
    package enum Coordinates: String, Equatable, Sendable, CaseIterable {
      /// (x + 0.5) / scale - 0.5.
      case halfPixel = "half_pixel"
      /// The same, moved so that the middle stays where the size is no multiple.
      case halfPixelSymmetric = "half_pixel_symmetric"
      /// As `halfPixel`; 0 where the result has one element.
      case pytorchHalfPixel = "pytorch_half_pixel"
      /// (x + 0.5) / scale.
      case tensorflowHalfPixel = "tf_half_pixel_for_nn"
      /// x * (old - 1) / (new - 1).
      case alignCorners = "align_corners"
      /// x / scale.
      case asymmetric = "asymmetric"
      /// From a region of interest.
      case cropAndResize = "tf_crop_and_resize"
    }

    /// How elements are made.
    package var mode: Mode
    /// Where they lie.
    package var coordinates: Coordinates
    /// New sizes over old ones, of all axes.
    package var scales: [Double]
    /// The beginnings of the region of interest and then its ends, from 0 to 1, for all axes; empty
    /// without one.
    package var region: [Double]
    /// Whether smaller results are filtered.
    package var isAntialiased: Bool
    /// Whether what lies outside has no weight.
    package var excludesOutside: Bool
    /// The value outside of a region of interest.
    package var outside: Double
  }

  /// One element from one element.
  package enum Mapping: Equatable, Sendable {
    /// The largest of x and 0.
    case relu
    /// x, or alpha * x where it is negative.
    case leakyRelu(alpha: Double)
    /// x, or alpha * (exp(x) - 1) where it is negative.
    case elu(alpha: Double)
    /// gamma * x, or gamma * alpha * (exp(x) - 1) where it is not positive.
    case selu(alpha: Double, gamma: Double)
    /// 1 / (1 + exp(-x)).
    case sigmoid
    /// alpha * x + beta, from 0 to 1.
    case hardSigmoid(alpha: Double, beta: Double)
    /// x * (x / 6 + 0.5 from 0 to 1).
    case hardSwish
    /// x * tanh(log(1 + exp(x))).
    case mish
    /// log(1 + exp(x)).
    case softplus
    /// x * P(X <= x), or its approximation by tanh.
    case gelu(isApproximated: Bool)
    /// The error function.
    case erf
    /// The hyperbolic tangent.
    case tanh
    /// Not below and not above; infinite where there is no bound.
    case clip(ClosedRange<Double>)
    /// e to the power of x.
    case exponential
    /// The natural logarithm.
    case logarithm
    /// The square root.
    case squareRoot
    /// 1 / x.
    case reciprocal
    /// The distance from 0.
    case absolute
    /// -x.
    case negative
    /// The next whole number below.
    case floor
    /// The next whole number above.
    case ceiling
    /// The other truth value.
    case not
  }

  /// One element from two.
  package enum Combination: Equatable, Sendable {
    /// Arithmetic. Whole numbers are divided towards 0.
    case add, subtract, multiply, divide, power, minimum, maximum
    /// The rest of a division, with the divisor's sign, or the dividend's.
    case modulo(keepsDividendsSign: Bool)
    /// Comparisons, which give truth values.
    case equal, less, lessOrEqual, greater, greaterOrEqual
    /// Of truth values.
    case and, or
  }

  /// What becomes of the elements along axes.
  package enum Reduction: String, Equatable, Sendable, CaseIterable {
    /// Their mean.
    case mean = "ReduceMean"
    /// Their sum.
    case sum = "ReduceSum"
    /// Their product.
    case product = "ReduceProd"
    /// The largest.
    case maximum = "ReduceMax"
    /// The smallest.
    case minimum = "ReduceMin"
    /// The root of the sum of their squares.
    case euclidean = "ReduceL2"
  }

  /// What stands around a tensor.
  package enum Padding: Equatable, Sendable {
    /// A number.
    case constant(Double)
    /// The tensor's elements, mirrored at the last one.
    case reflect
    /// The last element.
    case edge
    /// The elements of the other end.
    case wrap
  }
}

// Other modules have types of these names, so they stand in Plan; this one knows them by their short
// names.
typealias Operation = Plan.Operation
typealias Window = Plan.Window
typealias Resizing = Plan.Resizing
typealias Mapping = Plan.Mapping
typealias Combination = Plan.Combination
typealias Reduction = Plan.Reduction
typealias Padding = Plan.Padding
