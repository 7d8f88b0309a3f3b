/// Where elements of row-major tensors lie.
enum Places {
  /// The distance of neighbours along each axis.
  static func strides(_ shape: [Int]) -> [Int] {
    var (strides, stride) = ([Int](repeating: 1, count: shape.count), 1)
    for axis in shape.indices.reversed() {
      strides[axis] = stride
      stride *= max(shape[axis], 1)
    }
    return strides
  }

  /// For each element of `shape`, row-major: `offset` and its index times `strides`, added.
  static func list(_ shape: [Int], strides: [Int], offset: Int = 0) -> [Int] {
    guard !shape.contains(0) else { return [] }
    var places = [offset]
    for (size, stride) in zip(shape, strides) {
      places = places.flatMap { place in (0..<size).map { place + $0 * stride } }
    }
    return places
  }

  /// For each element of `shape`: where it comes from in `source`, of which axes of size 1 are repeated.
  static func broadcast(_ source: [Int], to shape: [Int]) -> [Int] {
    let added = shape.count - source.count
    let strides = zip(source, strides(source)).map { $0 == 1 ? 0 : $1 }
    return list(shape, strides: [Int](repeating: 0, count: added) + strides)
  }
}
