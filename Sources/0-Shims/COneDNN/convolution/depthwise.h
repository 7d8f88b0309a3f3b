#pragma once

#include "COneDNN/convolution/shape.h"

namespace rdd::onednn {

/// Whether `shape` is a dilated depthwise convolution of one filter a channel.
///
/// oneDNN's depthwise gradients know no dilation: its general kernels step in, which waste 255 of
/// 256 products in float32 and are wrong in bfloat16 (2.6).
bool dilated_depthwise(const ConvolutionShape &shape);

/// The gradient of such a convolution's weights, `[C, 1, kh, kw]` float32, from maps of one type,
/// float32 or bfloat16. Its sums do not depend on the thread count.
void depthwise_backward_weights(
    float *dw, const Map &dy, const Map &x, const ConvolutionShape &shape);

}  // namespace rdd::onednn
