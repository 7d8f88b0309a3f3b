import CTorch

/// A leaf's gradient as the exact sum of float32 addends, one an image: no order, no split over ranks
/// and no number of threads changes a bit of it.
///
/// Addends below 2^top become multiples of 2^(top - 47); larger ones go to coarser levels, which need
/// not round them. Each level's grid is 24 binary digits coarser than that of the level before. The
/// units are integers: the caller adds those of all ranks. Convolutions and BatchNorm add to it by
/// themselves; other operators leave their gradient in `Tensor.gradient`, which `add` takes. Source:
/// Demmel and Nguyen 2013, with Kulisch's fixed point.
package struct GradientSum: Sendable {
  /// The levels besides the finest.
  package static let levels = 12
  private let leaf: Tensor

  /// Adds the gradient of a leaf to `units` from now on: int64 in host memory, row-major, as many as the
  /// leaf has elements. Of a convolution's weights each tap's matrix lies by itself.
  package init(_ leaf: Tensor, units: Tensor) {
    self.leaf = leaf
    TorchRuntime.check(ct_set_gradient_sum(leaf.handle, units.handle), "gradient sum", leaf, units)
  }

  fileprivate init(_ leaf: Tensor) { self.leaf = leaf }

  /// Forgets all addends; those below 2^top go to the finest level from now on.
  package func begin(top: Int) {
    TorchRuntime.check(ct_gradient_sum_begin(leaf.handle, Int32(top)), "gradient sum", leaf)
  }

  /// Adds an addend of the leaf's shape.
  package func add(_ addend: Tensor) {
    TorchRuntime.check(
      ct_gradient_sum_add(leaf.handle, addend.handle), "gradient sum", leaf, addend)
  }

  /// Ends the additions of this process, after which the units are whole.
  ///
  /// - Returns: bit k: an addend went to level k, from 1; bit 0: one is not finite.
  package func finish() -> Int64 {
    var used: Int64 = 0
    TorchRuntime.check(ct_gradient_sum_finish(&used, leaf.handle), "gradient sum", leaf)
    return used
  }

  /// The units of a level from 1, int64, zeros where this process has none.
  package func level(_ index: Int) -> Tensor {
    .make("gradient sum", leaf) { ct_gradient_sum_level(&$0, leaf.handle, Int32(index)) }
  }

  /// Writes the sum to a tensor, rounded once.
  ///
  /// - Parameters:
  ///   - target: float32 in host memory, row-major, of the leaf's size.
  ///   - levels: bit k: level k counts too.
  package func take(into target: Tensor, levels: Int64) {
    TorchRuntime.check(
      ct_gradient_sum_take(target.handle, leaf.handle, levels), "gradient sum", leaf, target)
  }
}

extension Tensor {
  /// Where this leaf's gradient is added image by image; nil where it is LibTorch's to add.
  package var gradientSum: GradientSum? {
    ct_has_gradient_sum(handle) ? GradientSum(self) : nil
  }

  /// This leaf once for each image, `[images, ...]`, with history: the gradient of each is an addend of
  /// the leaf's sum, if it has one.
  package func forEachImage(_ images: Int) -> Tensor {
    .make("for each image", self) { ct_for_each_image(&$0, handle, Int64(images)) }
  }
}
