import WeightFiles

extension NodeScope {
  /// An axis counted from 0, of one that may count from the end.
  static func axis(_ axis: Int, rank: Int) throws(OperatorFault) -> Int {
    guard -rank..<rank ~= axis else {
      throw OperatorFault(found: "axis \(axis)", expected: "one of \(rank) axes")
    }
    return axis < 0 ? axis + rank : axis
  }

  /// Different axes counted from 0, in their order.
  static func axes(_ axes: [Int], rank: Int) throws(OperatorFault) -> [Int] {
    var counted: [Int] = []
    for axis in axes { counted.append(try Self.axis(axis, rank: rank)) }
    guard Set(counted).count == counted.count else {
      throw OperatorFault(found: "an axis twice in \(listed(axes))", expected: "different axes")
    }
    return counted
  }

  /// The attribute `axis`, counted from 0.
  func axis(_ standard: Int, rank: Int) throws(OperatorFault) -> Int {
    try Self.axis(try integer("axis", standard), rank: rank)
  }

  /// Axes that are an attribute before a version, and an input from it on; nil if they are left out.
  func axes(inputFrom version: Int, _ index: Int = 1) throws(OperatorFault) -> [Int]? {
    if self.version >= version { return try integers(index) }
    guard index >= inputCount else {
      throw OperatorFault(
        found: "input \(index + 1)", expected: "an attribute in its place before opset \(version)")
    }
    return try integers("axes")
  }
}
