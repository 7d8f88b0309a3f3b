#pragma once

#include "COneDNN/convolution/product.h"
#include "COneDNN/convolution/shape.h"
#include "COneDNN/exact_sum.h"

namespace rdd::onednn {

/// The gradient of many weights from few pixels, as a matrix product for each tap and each image.
///
/// Where a layer has more weights than pixels, adding an image's gradient costs as much as computing
/// it. Here some rows of a tap's matrix `[O, I]` are computed image after image and added while they
/// are in the cache. Every product is one thread's, and its size is a function of the layer alone.
class TapProducts {
 public:
  /// Whether it is right, and faster than oneDNN's convolution and a sweep over all weights.
  static bool suits(const ConvolutionShape &shape);

  /// For a shape that suits.
  explicit TapProducts(const ConvolutionShape &shape);

  /// Adds each image's gradient, from channels-last float32 maps.
  void add(ExactSum &sum, const Map &gradient, const Map &input) const;

 private:
  void gather(float *to, const float *image, int64_t tap, int64_t row) const;

  ConvolutionShape shape_;
  int64_t pixels_, rows_;
  Product product_, last_product_;
};

}  // namespace rdd::onednn
