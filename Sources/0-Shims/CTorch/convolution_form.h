#pragma once

#include <ATen/ATen.h>

#include "COneDNN/convolution/shape.h"

namespace rdd {

/// The convolution of each image by its own weights, which has derivatives of any order.
///
/// `x` is `[N, I, H, W]`, `weights` `[N, O, I / groups, kh, kw]` of the same type: `[N, O, H', W']`.
/// An image is computed by itself, by one thread, so that no other image changes a bit.
at::Tensor convolution_by_image(
    const at::Tensor &x, const at::Tensor &weights, const onednn::Window &window);

/// The gradient of that convolution's input, of `[height, width]`, where x is its result's: a convolution
/// transposed.
at::Tensor transposed_by_image(
    const at::Tensor &x, const at::Tensor &weights, int64_t height, int64_t width,
    const onednn::Window &window);

}  // namespace rdd
