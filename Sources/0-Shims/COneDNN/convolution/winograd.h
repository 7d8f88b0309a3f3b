#pragma once

#include "COneDNN/activation.h"
#include "COneDNN/convolution/product.h"
#include "COneDNN/convolution/shape.h"

#include <functional>

namespace rdd::onednn {

/// A 3x3 float32 convolution of stride 1 that keeps the size, with a quarter of the products.
///
/// Minimal filtering F(4x4, 3x3): tiles of 6x6 pixels and the kernel are transformed, multiplied as
/// 36 matrix products over the channels, and transformed back. A dilated kernel works on every d-th
/// pixel of every d-th row. The points 0, +-sqrt(2), +-1/sqrt(2) keep the error five times below that
/// of the usual 0, +-1, +-2: some 2e-6 of the largest result. Tiles are grouped image by image, and a
/// product is one thread's, of a size that follows from the shape: every result is the same bits whatever
/// the batch and the thread count. Source: Lavin and Gray, arXiv 1509.09308.
class Winograd {
 public:
  /// Whether it is right, and faster than the direct kernels.
  static bool suits(const ConvolutionShape &shape);

  /// For a shape that suits.
  explicit Winograd(const ConvolutionShape &shape);

  /// Bytes that `run` works in.
  int64_t workspace_bytes() const;

  /// y = activation(convolution(x) + bias), or with `adding` y = activation(convolution(x) + bias + y).
  /// The kernel is `[3, 3, I, O]` (`taps_of`); it is transformed as it is used, a block of channels at a
  /// time. `bias` may be null.
  void run(
      const Map &y, const Map &x, const float *taps, const float *bias, bool adding,
      Activation activation, void *workspace) const;

  /// Bytes that `weight_gradient` works in.
  int64_t gradient_workspace_bytes() const;

  /// Takes `outputs` rows of the kernel's gradient from the row `output` on, `[3, 3, outputs, I]`. Called
  /// on several threads.
  using Rows = std::function<void(int64_t output, int64_t outputs, const float *taps)>;

  /// The kernel's gradient from one image and its result's gradient.
  void weight_gradient(
      const Map &dy, const Map &x, int64_t image, void *workspace, const Rows &take) const;

 private:
  struct Tile {
    int64_t image, y, x;  // the first pixel of its result
  };

  Tile tile(int64_t index) const;
  void transform_input(float *to, int64_t step, const Map &x, int64_t index) const;
  void transform_kernel(float *to, const float *taps, int64_t input) const;
  void transform_gradient(
      float *to, int64_t step, const Map &dy, int64_t index, int64_t channel) const;
  void transform_back(float *taps, const float *points, int64_t o) const;
  void transform_output(
      const Map &y, const float *from, int64_t index, int64_t channel, const float *bias,
      bool adding, Activation activation) const;

  ConvolutionShape shape_;
  /// Every which pixel and row belong together, and how many tiles they make.
  int64_t dilation_, tiles_high_, tiles_wide_, tiles_;
  /// Tiles of an image and channels of the result that are multiplied together; groups of tiles that use
  /// a transformed kernel; values from one of the 36 products to the next.
  int64_t group_, block_, groups_, source_step_, kernel_step_, result_step_;
  /// The product of some of the 36 points.
  Product product_;
};

}  // namespace rdd::onednn
