import WeightFiles

extension OperatorTable {
  /// Pooling in windows, and over whole images.
  static let pooling: [OperatorRow] = [
    OperatorRow("MaxPool", outputs: 1...2) { scope throws(OperatorFault) in
      // The order of the places of maxima, a second result that is not planned.
      _ = try scope.integer("storage_order", 0)
      return try pooled(scope, hasDilations: true) { .maxPool($0) }
    },
    OperatorRow("AveragePool") { scope throws(OperatorFault) in
      let countsPadding = try scope.flag("count_include_pad")
      return try pooled(scope, hasDilations: scope.version >= 19) {
        .averagePool($0, countsPadding: countsPadding)
      }
    },
    global("GlobalAveragePool", .mean), global("GlobalMaxPool", .maximum),
  ]

  private static func pooled(
    _ scope: NodeScope, hasDilations: Bool, _ operation: (Window) -> Operation
  ) throws(OperatorFault) -> Outcome {
    let value = try scope.value(0)
    let shape = value.type.shape
    let attributes = try WindowAttributes(scope, shape, hasDilations: hasDilations)
    let (window, sizes) = try attributes.sizes(
      over: shape, roundsUp: try scope.flag("ceil_mode"))
    return .node(
      operation(window), [value], [ValueType(value.type.elementType, shape[..<2] + sizes)])
  }

  private static func global(_ name: String, _ reduction: Reduction) -> OperatorRow {
    OperatorRow(name) { scope throws(OperatorFault) in
      let value = try scope.value(0)
      let shape = value.type.shape
      guard shape.count >= 3, !shape.contains(0) else {
        throw OperatorFault(found: listed(shape), expected: "images [N, C, H, W]")
      }
      return .node(
        .globalPool(reduction), [value],
        [ValueType(value.type.elementType, shape[..<2] + shape[2...].map { _ in 1 })])
    }
  }
}
