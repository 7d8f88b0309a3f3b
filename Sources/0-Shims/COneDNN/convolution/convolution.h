#pragma once

#include "COneDNN/convolution/weights.h"
#include "COneDNN/exact_sum.h"

/// 2-d convolutions straight on oneDNN.
///
/// LibTorch's eager path calls, at one thread and a small batch, its own im2col and the BLAS; these
/// functions never do. Maps are dense, float32 or bfloat16, and have the sizes of `shape`. oneDNN rounds
/// weights while it packs them. Sums run in float32. Images are cut into slabs of rows by the layer's
/// sizes, and a slab is one thread's: no other image and no number of threads changes a bit.
namespace rdd::onednn {

/// Writes the convolution of `x` to `y`, of its type. `bias` `[O]` may be null.
void convolution_forward(
    const Map &y, const Map &x, const Weights &weights, const float *bias,
    const ConvolutionShape &shape);

/// Writes the gradient of the input to `dx`, of the type of `dy`. `window` is that of `shape`.
void convolution_backward_data(
    const Map &dx, const Map &dy, const Weights &weights, const ConvolutionShape &shape,
    const Window &window);

/// Whether a kernel of ours computes the gradient of the weights, which has none of the bias beside it.
bool has_own_weight_gradient(const ConvolutionShape &shape, Element type);

/// Writes the gradients of the weights, row-major, and of the bias `[O]`, unless that is null.
///
/// Both are float32, also for bfloat16 activations: they are sums over the whole batch.
void convolution_backward_weights(
    float *dw, float *db, const Map &dy, const Map &x, const ConvolutionShape &shape);

/// Adds each image's gradients of the weights, and of the bias unless its sum is null.
///
/// Each is calculated by itself, in float32, from primitives whose sizes follow from the layer alone, each
/// run by one thread: no addend depends on which images share a process or on how many threads there are.
void convolution_add_weight_gradients(
    ExactSum &weight_sum, ExactSum *bias_sum, const Map &dy, const Map &x,
    const ConvolutionShape &shape);

}  // namespace rdd::onednn
