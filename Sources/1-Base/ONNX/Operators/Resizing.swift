import WeightFiles

extension OperatorTable {
  /// Resizing of images.
  static let resizing: [OperatorRow] = [
    OperatorRow("Resize", since: 11, 1...4) { scope throws(OperatorFault) in
      let value = try scope.value(0)
      let shape = value.type.shape
      var resizing = Resizing(
        mode: try mode(scope), coordinates: try coordinates(scope), scales: [], region: [],
        isAntialiased: scope.version >= 18 ? try scope.flag("antialias") : false,
        excludesOutside: try scope.flag("exclude_outside"),
        outside: try scope.real("extrapolation_value", 0))
      let axes = try NodeScope.axes(
        (scope.version >= 18 ? try scope.integers("axes") : nil) ?? Array(shape.indices),
        rank: shape.count)
      let policy =
        scope.version >= 18 ? try scope.word("keep_aspect_ratio_policy", Policy.stretch) : .stretch
      resizing.region =
        resizing.coordinates == .cropAndResize ? try region(scope, shape, axes) : []
      // An empty tensor stands for one that is left out.
      let given = try scope.reals(2).flatMap { $0.isEmpty ? nil : $0 }
      let wanted = try scope.integers(3, in: Sizes.unsigned).flatMap { $0.isEmpty ? nil : $0 }
      var sizes = shape
      resizing.scales = shape.map { _ in 1 }
      switch (given, wanted) {
      case (let scales?, nil):
        guard scales.count == axes.count, scales.allSatisfy({ $0 > 0 && $0.isFinite }) else {
          throw OperatorFault(
            found: "\(scales.count) scales, of which one may be 0 or less",
            expected: "\(axes.count) numbers above 0")
        }
        for (axis, scale) in zip(axes, scales) {
          resizing.scales[axis] = scale
          let part =
            resizing.region.isEmpty
            ? 1 : resizing.region[shape.count + axis] - resizing.region[axis]
          // As ONNX's own reference does it, in float32.
          let size = (Float(shape[axis]) * Float(part) * Float(scale)).rounded(.down)
          guard let size = Int(exactly: size) else {
            throw OperatorFault(found: "the scale \(scale)", expected: "a smaller one")
          }
          sizes[axis] = size
        }
      case (nil, let wanted?):
        guard wanted.count == axes.count else {
          throw OperatorFault(
            found: "sizes \(listed(wanted))", expected: "\(axes.count) sizes")
        }
        try stretch(&sizes, &resizing.scales, to: wanted, axes, policy)
      default:
        throw OperatorFault(found: "scales and sizes, or none", expected: "one of them")
      }
      guard zip(sizes, shape).allSatisfy({ $0 > 0 && $1 > 0 }) else {
        throw OperatorFault(
          found: "\(listed(shape)) resized to \(listed(sizes))", expected: "sizes above 0")
      }
      return .node(.resize(resizing), [value], [ValueType(value.type.elementType, sizes)])
    }
  ]

  /// Words of `keep_aspect_ratio_policy`.
  private enum Policy: String, CaseIterable {
    case stretch
    case notLarger = "not_larger"
    case notSmaller = "not_smaller"
  }

  /// Words of `mode`.
  private enum Mode: String, CaseIterable { case nearest, linear, cubic }

  private static func mode(_ scope: NodeScope) throws(OperatorFault) -> Resizing.Mode {
    let rounding = try scope.word("nearest_mode", Resizing.Rounding.preferFloor)
    let coefficient = try scope.real("cubic_coeff_a", -0.75)
    return switch try scope.word("mode", Mode.nearest) {
    case .nearest: .nearest(rounding)
    case .linear: .linear
    case .cubic: .cubic(coefficient: coefficient)
    }
  }

  private static func coordinates(
    _ scope: NodeScope
  ) throws(OperatorFault) -> Resizing.Coordinates {
    let coordinates = try scope.word(
      "coordinate_transformation_mode", Resizing.Coordinates.halfPixel)
    let isThere =
      switch coordinates {
      case .tensorflowHalfPixel: scope.version < 13
      case .halfPixelSymmetric: scope.version >= 19
      default: true
      }
    guard isThere else {
      throw OperatorFault(
        found: coordinates.rawValue, expected: "a transformation of opset \(scope.version)")
    }
    return coordinates
  }

  /// The region of interest for all axes: beginnings, then ends.
  private static func region(
    _ scope: NodeScope, _ shape: [Int], _ axes: [Int]
  ) throws(OperatorFault) -> [Double] {
    let given = try scope.reals(1) ?? []
    guard given.count == 2 * axes.count, given.allSatisfy(\.isFinite) else {
      throw OperatorFault(
        found: "\(given.count) numbers as roi", expected: "\(2 * axes.count) finite ones")
    }
    var region = shape.map { _ in 0.0 } + shape.map { _ in 1.0 }
    for (index, axis) in axes.enumerated() {
      region[axis] = given[index]
      region[shape.count + axis] = given[axes.count + index]
    }
    return region
  }

  /// Sets sizes and scales of axes to what is wanted, or to what keeps the ratio of the sizes.
  private static func stretch(
    _ sizes: inout [Int], _ scales: inout [Double], to wanted: [Int], _ axes: [Int],
    _ policy: Policy
  ) throws(OperatorFault) {
    let shape = sizes
    guard !axes.contains(where: { shape[$0] == 0 }) else {
      throw OperatorFault(found: listed(shape), expected: "sizes above 0")
    }
    let ratios = zip(axes, wanted).map { Double($1) / Double(shape[$0]) }
    let common: Double? =
      switch policy {
      case .stretch: nil
      case .notLarger: ratios.min()
      case .notSmaller: ratios.max()
      }
    for (index, axis) in axes.enumerated() {
      scales[axis] = common ?? ratios[index]
      sizes[axis] =
        common.map { Int(($0 * Double(shape[axis])).rounded(.toNearestOrAwayFromZero)) }
        ?? wanted[index]
    }
  }
}
