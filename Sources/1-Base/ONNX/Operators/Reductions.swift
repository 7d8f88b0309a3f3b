import WeightFiles

extension OperatorTable {
  /// Means, sums and other reductions over axes.
  static let reductions: [OperatorRow] = Reduction.allCases.map { reduction in
    OperatorRow(reduction.rawValue, 1...2) { scope throws(OperatorFault) in
      let value = try scope.value(0)
      let shape = value.type.shape
      let given = try scope.axes(inputFrom: reduction == .sum ? 13 : 18) ?? []
      let keepsAxes = try scope.flag("keepdims", true)
      let keepsAll = try scope.flag("noop_with_empty_axes")
      if given.isEmpty, keepsAll { return .same(value) }
      let axes =
        given.isEmpty ? Array(shape.indices) : try NodeScope.axes(given, rank: shape.count).sorted()
      let kept = shape.enumerated().compactMap { axis, size in
        axes.contains(axis) ? (keepsAxes ? 1 : nil) : size
      }
      return .node(
        .reduce(reduction, axes: axes, keepsAxes: keepsAxes), [value],
        [ValueType(value.type.elementType, kept)])
    }
  }
}
