import Files
import WeightFiles

/// What a convolution or pooling says about its windows.
struct WindowAttributes {
  /// Words of `auto_pad`.
  enum Padding: String, CaseIterable {
    case given = "NOTSET"
    case upper = "SAME_UPPER"
    case lower = "SAME_LOWER"
    case none = "VALID"
  }

  let window: Window
  let padding: Padding

  /// Reads the attributes of windows over images of this shape, of which the first two axes are not
  /// covered.
  init(
    _ scope: NodeScope, _ shape: [Int], kernel: [Int]? = nil, hasDilations: Bool = true
  ) throws(OperatorFault) {
    let rank = shape.count - 2
    guard rank >= 1 else {
      throw OperatorFault(found: "a tensor of \(listed(shape))", expected: "images [N, C, H, W]")
    }
    func sizes(_ name: String, _ standard: [Int]?) throws(OperatorFault) -> [Int] {
      let sizes = try scope.integers(name, in: Sizes.positive) ?? standard ?? []
      guard sizes.count == rank else {
        throw OperatorFault(found: "\(name) \(listed(sizes))", expected: "\(rank) sizes")
      }
      return sizes
    }
    let ones = [Int](repeating: 1, count: rank)
    let given = try sizes("kernel_shape", kernel)
    guard kernel == nil || kernel == given else {
      throw OperatorFault(
        found: "kernel_shape \(listed(given))", expected: "\(listed(kernel ?? [])) as the weights")
    }
    let pads = try scope.integers("pads", in: Sizes.unsigned)
    guard (pads?.count ?? 2 * rank) == 2 * rank else {
      throw OperatorFault(found: "pads \(listed(pads ?? []))", expected: "\(2 * rank) sizes")
    }
    padding = try scope.word("auto_pad", .given)
    let zeros = [Int](repeating: 0, count: 2 * rank)
    let used = padding == .given ? pads ?? zeros : zeros
    window = Window(
      kernel: given, strides: try sizes("strides", ones),
      dilations: hasDilations ? try sizes("dilations", ones) : ones,
      before: Array(used[..<rank]), after: Array(used[rank...]))
  }

  /// The window with the padding that is used, and the sizes that windows over images of this shape
  /// give.
  func sizes(
    over shape: [Int], roundsUp: Bool = false
  ) throws(OperatorFault) -> (window: Window, sizes: [Int]) {
    var window = window
    var sizes: [Int] = []
    for (axis, size) in shape[2...].enumerated() {
      let (stride, extent) = (window.strides[axis], window.extent(axis))
      guard padding != .upper, padding != .lower else {
        // As many windows as strides begin within the image.
        let count = (size + stride - 1) / stride
        let missing = max((count - 1) * stride + extent - size, 0)
        window.before[axis] = padding == .upper ? missing / 2 : (missing + 1) / 2
        window.after[axis] = missing - window.before[axis]
        sizes.append(count)
        continue
      }
      let padded = size + window.before[axis] + window.after[axis]
      guard padded >= extent, size > 0 else {
        throw OperatorFault(
          found: "\(padded) elements along an axis of \(listed(shape))",
          expected: "at least the \(extent) of a window", advice: "give larger images")
      }
      var count = (padded - extent) / stride + 1
      if roundsUp, (padded - extent) % stride != 0, count * stride < size + window.before[axis] {
        // One window more, if it begins before the padding at the end.
        count += 1
      }
      sizes.append(count)
    }
    return (window, sizes)
  }
}

extension Window {
  /// Elements from the first to the last one of a window along an axis.
  func extent(_ axis: Int) -> Int { (kernel[axis] - 1) * dilations[axis] + 1 }
}
