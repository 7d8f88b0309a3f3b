#pragma once

#include "COneDNN/exact_sum.h"
#include "COneDNN/convolution/shape.h"

#include <ATen/ATen.h>

#include <optional>
#include <utility>

/// 2-d convolutions straight on oneDNN.
///
/// LibTorch's eager path calls, at one thread and a small batch, its own im2col and the BLAS; these
/// functions never do. Activations are channels last (others are copied to that order first),
/// float32 or bfloat16. Weights are `[O, I / groups, kh, kw]`, float32 or bfloat16 whatever the
/// activations are; oneDNN rounds them while it packs them. Sums run in float32. Images are cut into
/// slabs of rows by the layer's sizes, and a slab is one thread's: no other image and no number of threads
/// changes a bit.
namespace rdd::onednn {

/// Whether the functions below take `x`: on the CPU, 4 dimensions, not empty, float32 or bfloat16.
bool supported(const at::Tensor &x);

/// The convolution of `x` `[N, I, H, W]`: `[N, O, H', W']` in the type of `x`, channels last.
/// `bias`, if any, is `[O]`.
at::Tensor convolution_forward(
    const at::Tensor &x, const at::Tensor &weight, const std::optional<at::Tensor> &bias,
    const Window &window);

/// The gradient of the input, of sizes `x_sizes` and the type of `grad_y`, channels last.
at::Tensor convolution_backward_data(
    const at::Tensor &grad_y, const at::Tensor &weight, at::IntArrayRef x_sizes,
    const Window &window);

/// The gradients of the weights, `weight_sizes` in OIHW order, and of the bias, `[O]`.
///
/// Both are float32, also for bfloat16 activations: they are sums over the whole batch. Without
/// `with_bias` the second tensor is undefined.
std::pair<at::Tensor, at::Tensor> convolution_backward_weights(
    const at::Tensor &grad_y, const at::Tensor &x, at::IntArrayRef weight_sizes, bool with_bias,
    const Window &window);

/// Adds each image's gradients of the weights, `weight_sizes`, and of the bias unless its sum is null.
///
/// Each is calculated by itself, in float32, from primitives whose sizes follow from the layer alone, each
/// run by one thread: no addend depends on which images share a process or on how many threads there are.
void convolution_add_weight_gradients(
    ExactSum &weight_sum, ExactSum *bias_sum, const at::Tensor &grad_y, const at::Tensor &x,
    at::IntArrayRef weight_sizes, const Window &window);

}  // namespace rdd::onednn
