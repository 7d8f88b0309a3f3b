import CTorch

/// The layers' operators: LibTorch's, on `[N, C, H, W]`.
package enum Functional {
  /// A convolution with equal stride, padding and dilation in both directions.
  ///
  /// In host memory it is oneDNN's, in float64 and on other devices LibTorch's. Source: PyTorch
  /// `conv2d`.
  ///
  /// - Parameters:
  ///   - x: `[N, I, H, W]`.
  ///   - weight: `[O, I / groups, kh, kw]`; float32 weights serve bfloat16 images too.
  ///   - bias: `[O]`.
  ///   - window: how the kernel moves.
  /// - Returns: `[N, O, H', W']`.
  package static func convolution(
    _ x: Tensor, weight: Tensor, bias: Tensor?, _ window: Window = Window()
  ) -> Tensor {
    convolution(x, weight: weight, bias: bias, WindowPair(window))
  }

  /// The largest element of each window. Source: PyTorch `max_pool2d`.
  package static func maxPool(
    _ x: Tensor, kernel: Int, stride: Int, padding: Int, ceilMode: Bool = false
  ) -> Tensor {
    .make("max_pool2d", x) {
      ct_max_pool2d(&$0, x.handle, Int32(kernel), Int32(stride), Int32(padding), ceilMode)
    }
  }

  /// The mean of each window, over the elements that exist. Source: PyTorch `avg_pool2d`.
  package static func averagePool(
    _ x: Tensor, kernel: Int, stride: Int, ceilMode: Bool = false
  ) -> Tensor {
    .make("avg_pool2d", x) {
      ct_avg_pool2d(&$0, x.handle, Int32(kernel), Int32(stride), ceilMode)
    }
  }

  /// The mean of each of `height * width` bins. Source: PyTorch `adaptive_avg_pool2d`.
  package static func adaptiveAveragePool(_ x: Tensor, height: Int, width: Int) -> Tensor {
    .make("adaptive_avg_pool2d", x) {
      ct_adaptive_avg_pool2d(&$0, x.handle, Int64(height), Int64(width))
    }
  }

  /// Bilinear resizing. Source: PyTorch `interpolate`, `align_corners` as the grid says.
  package static func upsample(
    _ x: Tensor, height: Int, width: Int, grid: ResizeGrid = .alignedCorners
  ) -> Tensor {
    .make("upsample_bilinear2d", x) {
      ct_upsample(&$0, x.handle, Int64(height), Int64(width), grid == .alignedCorners)
    }
  }
}

/// Where the pixels of a resized map lie on the map that it is made from.
package enum ResizeGrid: Sendable {
  /// The centres of the corners' pixels stay where they are.
  case alignedCorners
  /// The edges of the map stay where they are: pixel x has its centre at x + 1/2.
  case halfPixels
}
