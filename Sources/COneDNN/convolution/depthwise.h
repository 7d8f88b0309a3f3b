#pragma once

#include "COneDNN/convolution/shape.h"

#include <ATen/ATen.h>

namespace rdd::onednn {

/// Whether `shape` is a dilated depthwise convolution of one filter a channel.
///
/// oneDNN's depthwise gradients know no dilation: its general kernels step in, which waste 255 of
/// 256 products in float32 and are wrong in bfloat16 (2.6).
bool dilated_depthwise(const ConvolutionShape &shape);

/// The gradient of such a convolution's weights, `[C, 1, kh, kw]` float32, from channels-last
/// tensors of one type, float32 or bfloat16. Its sums do not depend on the thread count.
at::Tensor depthwise_backward_weights(
    const at::Tensor &grad_y, const at::Tensor &x, const ConvolutionShape &shape);

}  // namespace rdd::onednn
