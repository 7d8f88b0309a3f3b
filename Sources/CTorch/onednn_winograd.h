#pragma once

#include "onednn_activation.h"
#include "onednn_shape.h"

#include "dnnl.hpp"

namespace rdd::onednn {

/// A 3x3 float32 convolution of stride 1 that keeps the size, with a quarter of the products.
///
/// Minimal filtering F(4x4, 3x3): tiles of 6x6 pixels and the kernel are transformed, multiplied as
/// 36 matrix products over the channels, and transformed back. A dilated kernel works on every d-th
/// pixel of every d-th row. The points 0, +-sqrt(2), +-1/sqrt(2) keep the error five times below that
/// of the usual 0, +-1, +-2: some 2e-6 of the largest result. Every pixel's result is the same bits
/// whatever the batch and the thread count. Source: Lavin and Gray, arXiv 1509.09308.
class Winograd {
 public:
  /// Whether it is right, and faster than the direct kernels.
  static bool suits(const ConvolutionShape &shape);

  /// For a shape that suits.
  explicit Winograd(const ConvolutionShape &shape);

  /// The kernel `[O, I, 3, 3]`, row-major, transformed.
  dnnl::memory weights(const float *kernel) const;

  /// Bytes that `run` works in.
  int64_t workspace_bytes() const { return 4 * 36 * (source_step_ + result_step_); }

  /// Channels-last maps: values from one pixel to the next follow `step`.
  struct Map {
    float *data;
    int64_t step;
  };

  /// y = activation(convolution(x) + bias), or with `adding` y = activation(convolution(x) + bias + y).
  /// `bias` may be null.
  void run(
      Map y, Map x, const dnnl::memory &weights, const float *bias, bool adding,
      Activation activation, void *workspace) const;

  /// Bytes that `weight_gradient` works in.
  int64_t gradient_workspace_bytes() const;

  /// The kernel's gradient `[O, I, 3, 3]`, row-major, from one image and its result's gradient.
  void weight_gradient(float *kernel, Map dy, Map x, int64_t image, void *workspace) const;

 private:
  struct Tile {
    int64_t image, y, x;  // the first pixel of its result
  };

  Tile tile(int64_t index) const;
  void transform_input(float *to, int64_t step, Map x, int64_t index) const;
  void transform_gradient(float *to, int64_t step, Map dy, int64_t index) const;
  void transform_back(float *kernel, const float *points) const;
  void transform_output(
      Map y, const float *from, int64_t index, const float *bias, bool adding,
      Activation activation) const;

  ConvolutionShape shape_;
  /// Every which pixel and row belong together, and how many tiles they make.
  int64_t dilation_, tiles_high_, tiles_wide_, tiles_;
  /// Tiles that are multiplied together, and values from one of the 36 products to the next.
  int64_t group_, source_step_, result_step_;
  dnnl::matmul::primitive_desc product_description_;
  dnnl::matmul product_;
};

}  // namespace rdd::onednn
