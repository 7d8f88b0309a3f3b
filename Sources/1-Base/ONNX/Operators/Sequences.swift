import WeightFiles

extension OperatorTable {
  /// Sequences, as far as they are parts of a tensor of which each is taken.
  static let sequences: [OperatorRow] = [
    OperatorRow("SplitToSequence", since: 11, 1...2) { scope throws(OperatorFault) in
      let value = try scope.value(0)
      let shape = value.type.shape
      let axis = try scope.axis(0, rank: shape.count)
      let keepsAxis = try scope.flag("keepdims", true)
      guard let given = try scope.optional(1) else {
        guard keepsAxis, shape[axis] <= 10_000 else {
          throw OperatorFault(found: "parts without their axis", expected: "keepdims 1")
        }
        let sizes = [Int](repeating: 1, count: shape[axis])
        return .sequence(
          .split(axis: axis, sizes: sizes), value, try parts(value, axis: axis, sizes: sizes))
      }
      var sizes = try scope.integers(1, in: Sizes.unsigned) ?? []
      if given.type.shape.isEmpty, let part = sizes.first {
        // Parts of one size, of which the last may be smaller.
        guard part > 0, shape[axis] / part < 10_000 else {
          throw OperatorFault(found: "parts of size \(part)", expected: "at most 10000 parts")
        }
        sizes = stride(from: 0, to: shape[axis], by: part).map { min(part, shape[axis] - $0) }
      }
      return .sequence(
        .split(axis: axis, sizes: sizes), value, try parts(value, axis: axis, sizes: sizes))
    },
    OperatorRow("SequenceAt", since: 11, 2...2) { scope throws(OperatorFault) in
      let values = try scope.sequence(0)
      guard let place = try scope.integers(1)?.first, -values.count..<values.count ~= place else {
        throw OperatorFault(
          found: "another place", expected: "one of \(values.count) tensors")
      }
      return .same(values[place < 0 ? place + values.count : place])
    },
  ]
}
