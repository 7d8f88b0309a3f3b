import CTorch

/// A number for the vertical and one for the horizontal direction.
package struct Pair: Sendable, Hashable {
  /// Along an image's height.
  package let vertical: Int
  /// Along an image's width.
  package let horizontal: Int

  /// Two numbers.
  package init(_ vertical: Int, _ horizontal: Int) {
    self.vertical = vertical
    self.horizontal = horizontal
  }

  /// Twice the same number.
  package init(both number: Int) { self.init(number, number) }
}

/// How a kernel moves over an image, in each direction by itself; see `Window`.
package struct WindowPair: Sendable, Equatable {
  /// The step between outputs, in elements.
  package var stride = Pair(both: 1)
  /// Zeros on each side, in elements.
  package var padding = Pair(both: 0)
  /// The distance between the kernel's taps, in elements.
  package var dilation = Pair(both: 1)
  /// The number of independent groups of channels.
  package var groups = 1

  /// A window that takes every element once, without padding.
  package init() {}

  /// The same in both directions.
  package init(_ window: Window) {
    stride = Pair(both: window.stride)
    padding = Pair(both: window.padding)
    dilation = Pair(both: window.dilation)
    groups = window.groups
  }

  /// Calls `body` with the window of the C library.
  func withWindow(_ body: (UnsafePointer<ct_window>) -> Int32) -> Int32 {
    func numbers(_ pair: Pair) -> (Int64, Int64) {
      (Int64(pair.vertical), Int64(pair.horizontal))
    }
    var window = ct_window(
      stride: numbers(stride), padding: numbers(padding), dilation: numbers(dilation),
      groups: Int64(groups))
    return withUnsafePointer(to: &window, body)
  }
}

extension Functional {
  /// A convolution whose window has numbers for each direction; see `convolution`.
  package static func convolution(
    _ x: Tensor, weight: Tensor, bias: Tensor?, _ window: WindowPair
  ) -> Tensor {
    .make("conv2d", x, weight) { out in
      window.withWindow { ct_conv2d(&out, x.handle, weight.handle, bias?.handle, $0) }
    }
  }

  /// The convolution of each image by its own weights, `[N, O, I / groups, kh, kw]`. An image by itself: no
  /// other one changes a bit.
  package static func convolution(
    _ x: Tensor, weightsByImage weights: Tensor, _ window: WindowPair
  ) -> Tensor {
    if x.size(0) == 0 { return convolution(x, weight: weights.fixedSum(0), bias: nil, window) }
    return .make("conv2d by image", x, weights) { out in
      window.withWindow { ct_conv2d_by_image(&out, x.handle, weights.handle, $0) }
    }
  }

  /// The transposed convolution of each image by its own weights. Source: PyTorch `conv_transpose2d`.
  ///
  /// - Parameters:
  ///   - x: `[N, I, h, w]`.
  ///   - weights: `[N, I, O / groups, kh, kw]`.
  ///   - size: of the result, one that a convolution by this window makes `[h, w]` of.
  ///   - window: of that convolution.
  /// - Returns: `[N, O, H, W]`.
  package static func transposedConvolution(
    _ x: Tensor, weightsByImage weights: Tensor, size: Pair, _ window: WindowPair
  ) -> Tensor {
    let shape = [0, weights.size(2) * window.groups, size.vertical, size.horizontal]
    if x.size(0) == 0 {
      let none = Tensor.zeros(shape, x.type, device: x.device)
      return Autograd.custom([none], of: [x, weights]) { _ in [x.zerosLike, weights.zerosLike] }[0]
    }
    return .make("transposed conv2d", x, weights) { out in
      window.withWindow {
        ct_conv2d_transposed(
          &out, x.handle, weights.handle, Int64(size.vertical), Int64(size.horizontal), $0)
      }
    }
  }

  /// The largest element of each window. Source: PyTorch `max_pool2d`.
  package static func maxPool(_ x: Tensor, kernel: Pair, _ window: WindowPair) -> Tensor {
    pool(x, kernel, window, isLargest: true)
  }

  /// The mean of each window, in which padding counts as zeros; without dilation. Source: PyTorch
  /// `avg_pool2d`.
  package static func averagePool(_ x: Tensor, kernel: Pair, _ window: WindowPair) -> Tensor {
    pool(x, kernel, window, isLargest: false)
  }

  private static func pool(
    _ x: Tensor, _ kernel: Pair, _ window: WindowPair, isLargest: Bool
  ) -> Tensor {
    .make("pool2d", x) { out in
      window.withWindow {
        ct_pool2d(
          &out, x.handle, isLargest, [Int64(kernel.vertical), Int64(kernel.horizontal)], $0)
      }
    }
  }
}
